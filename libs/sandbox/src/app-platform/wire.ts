export interface WireProject {
  id: string;
  name: string;
  description: string | null;
  status: string;
  created_at: string;
  updated_at: string;
  team?: WireTeam;
  deployments: { total: number; latest: { id: string; status: string; created_at: string } | null };
}

export interface WireDeployment {
  id: string;
  project_id: string;
  status: string;
  url: string | null;
  version?: string;
  commit?: string;
  created_at: string;
  completed_at: string | null;
}

export interface WireTeam {
  id: string;
  name: string;
}

export interface WireMember {
  id: string;
  name: string;
  email: string;
  role: string;
  joined_at: string;
}

/** What a client says of a project: a whole one. */
export interface ProjectInput {
  name: string;
  description: string | null;
  /** absent: none */
  team?: WireTeam;
  /** absent: as it is */
  status?: string;
}

export interface DeploymentInput {
  version?: string;
  commit?: string;
}
