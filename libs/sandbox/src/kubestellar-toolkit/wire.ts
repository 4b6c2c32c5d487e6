export interface ClusterDeploymentStatus {
  name: string;
  namespace?: string;
  cluster: string;
  application?: string;
  version?: string;
  phase: string;
  message?: string;
  replicas: { desired: number; ready: number };
  labels: Record<string, string>;
  createdAt: string;
  updatedAt: string;
  completedAt?: string;
  resourceVersion?: string;
}
