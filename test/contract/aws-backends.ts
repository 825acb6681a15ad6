import { ACCOUNT, role, startTwinAccount } from '../support/twin-account.ts';

/** A server that speaks IAM and STS and holds the given roles. The suites over it say what every such server must do. */
export interface IamBackend {
  readonly endpoint: string;
  readonly accountId: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Waits until a trust policy that was written is in force. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a backend whose account has these roles: name to trust policy. */
export type StartIamBackend = (roles: Readonly<Record<string, string>>) => Promise<IamBackend>;

/** Every backend that the IAM and STS suites run over. */
export const IAM_BACKENDS: Readonly<Record<string, StartIamBackend>> = {
  'the twin': async (roles) => {
    const account = await startTwinAccount({
      parts: { account: { RoleDetailList: Object.entries(roles).map(([name, document]) => role(name, document)) } },
    });
    return {
      endpoint: account.endpoint,
      accountId: ACCOUNT,
      credentials: account.credentials,
      settle: () => account.clock.advance(60_000),
      close: () => account.close(),
    };
  },
};
