import { defaultCredentials } from '../../src/aws/default-credentials.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { type CommandContext, textFlag } from '../context.ts';
import type { Invocation } from '../program.ts';
import { nextCommand } from '../shell.ts';
import { createServiceClient, type ServiceClient } from './client.ts';

/** A service that a command drives. */
export interface OpenedService {
  readonly client: ServiceClient;
  /** A command that reaches the same service, from its words, to be printed. */
  readonly command: (...words: string[]) => string;
  /** Milliseconds between two looks at a run. */
  readonly interval: number;
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Whether the command is to drive a service, and not to work in this process. */
export function isRemote(invocation: Invocation): boolean {
  if (textFlag(invocation, 'service') !== undefined && invocation.flags.local === true) {
    throw new PodshiftError('UsageError', 'give --service URL or --local, not both');
  }
  return textFlag(invocation, 'service') !== undefined;
}

/** The service of `--service`. Throws `UsageError` without it, and for a URL that is none of a service. */
export function openService(invocation: Invocation, { environment, interrupts }: CommandContext): OpenedService {
  const text = textFlag(invocation, 'service');
  if (text === undefined) throw new PodshiftError('UsageError', 'which service? give --service URL: the output HttpApiUrl of its stack');
  const url = URL.parse(text);
  const isLocal = url !== null && LOOPBACK.includes(url.hostname);
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLocal))) {
    throw new PodshiftError('UsageError', `${text} is no URL of a service: it begins with https://, or with http://127.0.0.1`);
  }
  const { signal } = interrupts;
  const command = (...words: string[]): string => nextCommand(invocation, ...words);
  if (isLocal) return { client: createServiceClient({ url, signal }), command, interval: 500 };
  const profile = textFlag(invocation, 'profile');
  // The host of an HTTP API names its region (API Gateway Developer Guide, "Invoke an HTTP API"); one of a domain of your own does not.
  const region =
    /\.execute-api\.([a-z0-9-]+)\.amazonaws\./.exec(url.hostname)?.[1] ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  if (region === undefined) throw new PodshiftError('UsageError', `in which region is ${url.hostname}? set AWS_REGION`);
  const credentials = defaultCredentials({ profile, region });
  return { client: createServiceClient({ url, signing: { region, credentials }, signal }), command, interval: 5000 };
}

/** Throws `UsageError` where the command brings an external id: a deployed service has its deployer's, and shows it to nobody. */
export function withoutExternalId(given: string | null | undefined): void {
  if (given === undefined || given === null) return;
  throw new PodshiftError('UsageError', 'a deployed service has its own external id, its parameter externalId: run without --external-id');
}
