/** A column of texts that are sealed, each under a name that its row's key makes. */
export interface SealedColumn {
  readonly purpose: string;
  readonly table: string;
  /** primary key of the table: columns of text */
  readonly key: readonly string[];
  readonly column: string;
  nameOf(key: readonly string[]): string;
}

const asItIs = ([key = '']: readonly string[]) => key;

export const sessionTokens: SealedColumn = {
  purpose: 'provider session',
  table: 'provider_session',
  key: ['name'],
  column: 'value',
  nameOf: asItIs,
};

export const operationInputs: SealedColumn = {
  purpose: 'write',
  table: 'operation',
  key: ['id'],
  column: 'input',
  nameOf: asItIs,
};

export const idempotentAnswers: SealedColumn = {
  purpose: 'write',
  table: 'idempotency_key',
  key: ['principal', 'key'],
  column: 'answer',
  nameOf: ([principal = '', key = '']) => `idempotency ${principal.length} ${principal}${key}`,
};

export const connectionSettings: SealedColumn = {
  purpose: 'connection',
  table: 'connection',
  key: ['id'],
  column: 'settings',
  nameOf: asItIs,
};

export const oauthKeys: SealedColumn = {
  purpose: 'oauth key',
  table: 'oauth_key',
  key: ['kid'],
  column: 'private_key',
  nameOf: asItIs,
};

export const oauthArtifacts: SealedColumn = {
  purpose: 'oauth artifact',
  table: 'oauth_artifact',
  key: ['model', 'id'],
  column: 'payload',
  nameOf: ([model = '', id = '']) => `${model} ${id}`,
};

export const webhookSecrets: SealedColumn = {
  purpose: 'webhook',
  table: 'webhook',
  key: ['id'],
  column: 'secrets',
  nameOf: asItIs,
};

/** Every sealed column: a new secret key has to reach all of them before the one before it can be forgotten. */
export const sealedColumns: readonly SealedColumn[] = [
  sessionTokens,
  connectionSettings,
  operationInputs,
  idempotentAnswers,
  oauthKeys,
  oauthArtifacts,
  webhookSecrets,
];
