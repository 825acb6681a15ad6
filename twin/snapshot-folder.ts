import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PodshiftError } from '../src/model/errors.ts';
import { type KubernetesFile, parseKubernetes } from './snapshot-files.ts';
import { COMMANDS, commandOf, cutOff, type SnapshotGap } from './snapshot-gaps.ts';
import { decodeText, emptiness, parseDocuments } from './snapshot-text.ts';

/** A document of a file of the AWS CLI. */
export interface File {
  /** The file, with the document's number where it has several. */
  readonly name: string;
  readonly value: unknown;
}

/** What a snapshot is built of, whether it came from a folder or from memory. */
export interface Files {
  readonly source: string;
  readonly cluster: File;
  /** Pages of one answer. */
  readonly account: readonly File[];
  readonly addons: readonly File[];
  readonly addonConfigurations: readonly File[];
  /** Pages; undefined where there is no such file. */
  readonly addonVersions: readonly File[] | undefined;
  readonly associations: readonly File[];
  readonly fargateProfiles: readonly File[];
  readonly nodegroups: readonly File[];
  readonly accessEntries: readonly File[];
  readonly providers: File | undefined;
  readonly accountSummary: File | undefined;
  readonly trail: readonly File[] | undefined;
  readonly capture: File | undefined;
  readonly kubernetes: KubernetesFile;
  /** Names of the Kubernetes files, without folder and ending. */
  readonly kubernetesNames: readonly string[];
  readonly gaps: readonly SnapshotGap[];
}

const ENDING = /\.(ya?ml|json)$/;

/** Reads the files of a folder. Throws `SnapshotUnreadable`, naming the file and what was expected. */
export async function readFolder(folder: string): Promise<Files> {
  const folderStat = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(folder, cause.code === 'ENOENT' ? 'there is no such folder' : `the folder cannot be read (${cause.code})`, cause);
  });
  if (!folderStat.isDirectory()) throw unreadable(folder, 'expected a folder, found a file');
  const reader = new FolderReader(folder);
  const cluster = one(await reader.required('eks/cluster.json'));
  const account = await reader.required('iam/account-authorization-details.json');
  const addonVersions = await reader.pages('eks/addon-versions.json');
  const providers = await reader.pages('iam/open-id-connect-providers.json');
  const accountSummary = await reader.pages('iam/account-summary.json');
  const trail = await reader.trail();
  const capture = await reader.pages('capture.json');
  return {
    source: folder,
    cluster,
    account,
    addonVersions,
    providers: providers === undefined ? undefined : one(providers),
    accountSummary: accountSummary === undefined ? undefined : one(accountSummary),
    trail,
    capture: capture === undefined ? undefined : one(capture),
    addons: await reader.folder('eks/addons'),
    addonConfigurations: await reader.folder('eks/addon-configurations'),
    associations: await reader.folder('eks/pod-identity-associations'),
    fargateProfiles: await reader.folder('eks/fargate-profiles'),
    nodegroups: await reader.folder('eks/nodegroups'),
    accessEntries: await reader.folder('eks/access-entries'),
    ...(await reader.kubernetes()),
    gaps: reader.gaps(),
  };
}

/** As many events as a plan looks at. */
const EVENTS = 200;

function eventCount(pages: readonly File[] = []): number {
  return pages.reduce((sum, { value }) => {
    const { Events } = (value ?? {}) as { Events?: unknown };
    return sum + (Array.isArray(Events) ? Events.length : 0);
  }, 0);
}

class FolderReader {
  readonly #folder: string;
  readonly #gaps: SnapshotGap[] = [];
  readonly #missing: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  gaps(): SnapshotGap[] {
    const missing = this.#missing.map(
      (what): SnapshotGap => ({ kind: 'missing', what, why: 'the snapshot has no such file', command: commandOf(what) }),
    );
    return [...this.#gaps, ...missing];
  }

  /** The documents of a file that must be there and say something. */
  async required(name: string): Promise<File[]> {
    const text = await this.#text(name);
    if (text === undefined) throw unreadable(name, `the file is missing in ${this.#folder}; "${commandOf(name)}" makes it`);
    const empty = emptiness(text);
    if (empty !== undefined) throw unreadable(name, `${saidOf(empty)}; take it again: ${commandOf(name)} > ${name}`);
    return whole(name, this.#documents(text, name));
  }

  /** The documents of a file that may be missing; undefined where it is, or says nothing. */
  async pages(name: string): Promise<File[] | undefined> {
    const text = await this.#text(name);
    if (text === undefined) {
      if (name in COMMANDS) this.#missing.push(name);
      return undefined;
    }
    const found = this.#useful(text, name);
    return found === undefined ? undefined : whole(name, found);
  }

  /** Events have no end: a list of them that was cut off is as good as any, and its reader is told. */
  async trail(): Promise<File[] | undefined> {
    const name = 'cloudtrail/events.json';
    const text = await this.#text(name);
    if (text === undefined) {
      this.#missing.push(name);
      return undefined;
    }
    const found = this.#useful(text, name);
    const cut = found === undefined ? undefined : cutOff(found.at(-1)?.value);
    // Older ones than podshift looks at are not missed.
    if (cut !== undefined && eventCount(found) < EVENTS)
      this.#gaps.push({
        kind: 'file',
        what: name,
        why: `the list is cut off (${cut}): older events are not in it`,
        command: commandOf(name),
      });
    return found;
  }

  /** The documents of all files of a folder. */
  async folder(under: string): Promise<File[]> {
    const names = await listFiles(join(this.#folder, under));
    if (names === undefined) {
      this.#missing.push(`${under}/`);
      return [];
    }
    const found: File[] = [];
    for (const base of names.filter((name) => ENDING.test(name))) {
      const name = `${under}/${base}`;
      const text = await this.#text(name);
      found.push(...(text === undefined ? [] : (this.#useful(text, name) ?? [])));
    }
    return found;
  }

  async kubernetes(): Promise<Pick<Files, 'kubernetes' | 'kubernetesNames'>> {
    const bases = ((await listFiles(join(this.#folder, 'kubernetes'))) ?? []).filter((name) => ENDING.test(name));
    if (bases.length === 0) {
      const command = `kubectl get … -A -o yaml > ${join(this.#folder, 'kubernetes/all.yaml')}`;
      throw unreadable('kubernetes/', `there is no .yaml or .json file in it; "${command}" makes one`);
    }
    const read: (KubernetesFile & { readonly useful: boolean; readonly base: string })[] = [];
    for (const base of bases) {
      const name = `kubernetes/${base}`;
      const text = (await this.#text(name)) ?? '';
      const empty = emptiness(text);
      if (empty !== undefined) {
        this.#gaps.push({ kind: 'file', what: name, why: saidOf(empty), command: commandOf(name) });
        continue;
      }
      read.push({ ...parseKubernetes(text, name), useful: true, base: basename(base).replace(ENDING, '') });
    }
    const lists = read.flatMap((file) => file.lists);
    // Of a list of several answers the last one says whether there was more; kubectl's own List is whole in each file.
    const last = new Map(lists.map((list) => [list.kind === '' ? list.where : list.kind, list]));
    for (const { continued, where, kind } of last.values()) {
      if (!continued) continue;
      const what = kind === '' ? 'objects' : `objects of kind ${kind.split('.')[0]}`;
      throw unreadable(
        where,
        `the list is cut off (metadata.continue): ${what} are missing from it; take it whole: kubectl get -A -o yaml, without limit`,
      );
    }
    return { kubernetes: { objects: read.flatMap((file) => file.objects), lists }, kubernetesNames: read.map((file) => file.base) };
  }

  #useful(text: string, name: string): File[] | undefined {
    const empty = emptiness(text);
    if (empty !== undefined) {
      this.#gaps.push({ kind: 'file', what: name, why: saidOf(empty), command: commandOf(name) });
      return undefined;
    }
    return this.#documents(text, name);
  }

  #documents(text: string, name: string): File[] {
    // A list of answers, as the AWS CLI prints it by `--output yaml-stream`, is these answers.
    const pages = parseDocuments(text, name).flatMap((document) => (isListOfObjects(document) ? document : [document]));
    return pages.map((value, index) => ({ name: pages.length === 1 ? name : `${name}: document ${index + 1}`, value }));
  }

  async #text(name: string): Promise<string | undefined> {
    try {
      return decodeText(await readFile(join(this.#folder, name)), name);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      if (error instanceof PodshiftError) throw error;
      throw unreadable(name, `the file cannot be read (${code})`, error);
    }
  }
}

/** The documents, where the last of them does not say that there is more. */
function whole(name: string, files: File[]): File[] {
  const cut = cutOff(files.at(-1)?.value);
  if (cut !== undefined)
    throw unreadable(
      name,
      `the list is cut off (${cut}): the rest of it is missing; take it whole, without --max-items: ${commandOf(name)} > ${name}`,
    );
  return files;
}

/** The one answer of a file that has no pages. Throws `SnapshotUnreadable` where there are several. */
function one(files: readonly File[]): File {
  const [first, second] = files as [File, File?];
  if (second !== undefined && JSON.stringify(first.value) !== JSON.stringify(second.value))
    throw unreadable(second.name, 'there is output of another call ahead of it that says something else; expected the output of one call');
  return first;
}

function isListOfObjects(value: unknown): value is object[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === 'object' && item !== null && !('Arn' in item || Array.isArray(item)))
  );
}

function saidOf(empty: NonNullable<ReturnType<typeof emptiness>>): string {
  return empty === 'empty' ? 'the file is empty, so its command failed or was not carried out' : `its command failed: ${empty.said}`;
}

/** Sorted; undefined where there is no such folder. */
async function listFiles(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder, { recursive: true })).filter((name) => !basename(name).startsWith('.')).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unreadable(folder, `the folder cannot be read (${code})`, error);
  }
}

/** An error about a file of a snapshot. */
export function unreadable(file: string, problem: string, cause?: unknown): PodshiftError {
  return new PodshiftError('SnapshotUnreadable', `${file}: ${problem}`, { cause, details: { file } });
}
