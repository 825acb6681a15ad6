import type { AwsState } from './state.ts';

/** Who an access key belongs to. */
export interface Principal {
  /** As GetCallerIdentity says it. */
  readonly arn: string;
  /** The role behind a session, otherwise the same: what access entries and trust policies name. */
  readonly canonicalArn: string;
  readonly userId: string;
  readonly secretAccessKey: string;
}

/** The key pair that every twin takes. Not a secret: the twin listens on loopback alone and computes no request signatures. */
export const TWIN_CREDENTIALS = {
  accessKeyId: 'AKIATWINPODSHIFT0001',
  secretAccessKey: 'twin-secret-access-key-of-no-use-anywhere',
} as const;

/** The role of who has the twin's own key; no snapshot has it. */
export function operatorArn({ partition, accountId }: Pick<AwsState, 'partition' | 'accountId'>): string {
  return `arn:${partition}:iam::${accountId}:role/podshift`;
}

/** The access keys that a twin knows: its own, and those that its STS gave out. */
export class Principals {
  readonly #state: AwsState;
  readonly #byKey = new Map<string, Principal>();

  constructor(state: AwsState) {
    this.#state = state;
    this.#byKey.set(TWIN_CREDENTIALS.accessKeyId, {
      arn: `arn:${state.partition}:sts::${state.accountId}:assumed-role/podshift/operator`,
      canonicalArn: operatorArn(state),
      userId: 'AROATWINPODSHIFT00001:operator',
      secretAccessKey: TWIN_CREDENTIALS.secretAccessKey,
    });
  }

  find(accessKeyId: string): Principal | undefined {
    return this.#byKey.get(accessKeyId);
  }

  /** Gives out a session of a role. */
  issue(
    roleArn: string,
    roleId: string,
    sessionName: string,
  ): { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string; readonly principal: Principal } {
    const number = this.#state.nextNumber();
    const accessKeyId = `ASIATWIN${String(number).padStart(12, '0')}`;
    const roleName = roleArn.split('/').at(-1) ?? '';
    const principal: Principal = {
      arn: `arn:${this.#state.partition}:sts::${roleArn.split(':')[4]}:assumed-role/${roleName}/${sessionName}`,
      canonicalArn: roleArn,
      userId: `${roleId}:${sessionName}`,
      secretAccessKey: `twin-secret-${number}`,
    };
    this.#byKey.set(accessKeyId, principal);
    return { accessKeyId, secretAccessKey: principal.secretAccessKey, sessionToken: `twin-session-token-${number}`, principal };
  }
}
