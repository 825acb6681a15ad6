import { ACCOUNT, role, startTwinAccount } from '../support/twin-account.ts';
import type { Exceptions } from './behaviours.ts';

/** A server that speaks IAM and STS and holds the given roles. */
export interface RunningIam {
  readonly endpoint: string;
  readonly accountId: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Waits until a trust policy that was written is in force. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A backend of the IAM and STS suites. */
export interface IamBackend {
  readonly name: string;
  readonly exceptions: Exceptions;
  /** Starts one whose account has these roles: name to trust policy. */
  start(roles: Readonly<Record<string, string>>): Promise<RunningIam>;
}

export const TWIN_IAM: IamBackend = {
  name: 'the twin',
  exceptions: {},
  start: async (roles) => {
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
