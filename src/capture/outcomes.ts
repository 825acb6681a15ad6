import type { Resource } from '../kubernetes/gateway.ts';
import { isPodshiftError } from '../model/errors.ts';

/** What came of asking for something: `absent` is a kind that the cluster does not serve. */
export type Outcome = 'read' | 'denied' | 'failed' | 'absent';

/** A kind that was asked for. */
export interface KindOutcome extends Resource {
  readonly outcome: Outcome;
}

/** A file of AWS's answers, or a folder of them, that was asked for. */
export interface FileOutcome {
  /** Such as `iam/account-summary.json`; a folder ends with a slash. */
  readonly file: string;
  readonly outcome: Outcome;
}

/** Something that may not be read, and what would have to be allowed for it. */
export interface Refusal {
  /** The kind as kubectl names it, or the file. */
  readonly what: string;
  readonly permission: string;
}

/** What a capture asked for, and what came of it. */
export class Outcomes {
  readonly #kinds = new Map<string, KindOutcome>();
  readonly #files = new Map<string, FileOutcome>();
  readonly #refusals = new Map<string, Refusal>();

  /** In order of group and name. */
  get kinds(): readonly KindOutcome[] {
    return [...this.#kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, outcome]) => outcome);
  }

  get files(): readonly FileOutcome[] {
    return [...this.#files.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
  }

  get refusals(): readonly Refusal[] {
    return [...this.#refusals.values()].sort((a, b) => (a.permission < b.permission ? -1 : 1));
  }

  outcomeOf({ group, plural }: Resource): Outcome | undefined {
    return this.#kinds.get(`${group}/${plural}`)?.outcome;
  }

  kind({ group, version, plural, kind, namespaced }: Resource, outcome: Outcome): void {
    this.#kinds.set(`${group}/${plural}`, { group, version, plural, kind, namespaced, outcome });
    if (outcome === 'denied') this.#refuse(kubectlName({ group, plural }), `list ${kubectlName({ group, plural })}`);
  }

  file(file: string, outcome: Outcome, permission = ''): void {
    this.#files.set(file, { file, outcome });
    if (outcome === 'denied') this.#refuse(file, permission);
  }

  /** Discovery itself may not be read: which custom kinds there are is unknown. */
  refuseDiscovery(): void {
    this.#refuse('the custom kinds of the cluster', 'get /apis');
  }

  #refuse(what: string, permission: string): void {
    this.#refusals.set(permission, { what, permission });
  }
}

/** What came of a read that threw this; undefined where the error says nothing about the thing alone. */
export function outcomeOfError(error: unknown): Outcome | undefined {
  if (isPodshiftError(error, 'AccessDenied', 'KubernetesForbidden')) return 'denied';
  return isPodshiftError(error, 'ServiceUnavailable') ? 'failed' : undefined;
}

/** `PLURAL`, or `PLURAL.GROUP` outside of the core group, as kubectl takes it. */
export function kubectlName({ group, plural }: Pick<Resource, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`;
}
