import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { type ReadJournal, readLocalJournal } from '../../engine/local-journal.ts';
import { createSystemClock } from '../../twin/clock.ts';
import { folderFor } from '../journal-folder.ts';
import { readSettings } from '../settings/file.ts';
import type { Candidate, Given, Sources } from './complete.ts';

/** Sources that look at this machine's journal and kubeconfig. They ask nobody else, and have nothing of a deployed service. */
export function sourcesOf(environment: Readonly<Record<string, string | undefined>>): Sources {
  const runs = async (given: Given): Promise<Candidate[]> =>
    fromJournal(given, environment, async ({ journal }) =>
      (await journal.listRuns()).map((run) => ({ word: run.runId, about: `${run.status}, ${run.target.clusterName}, ${run.startedAt}` })),
    );
  return {
    runs,
    fleets: (given) =>
      fromJournal(given, environment, async ({ journal }) =>
        (await journal.listFleets()).map(({ fleetId, status, startedAt }) => ({ word: fleetId, about: `${status}, ${startedAt}` })),
      ),
    clusters: async (given) => {
      const known = await fromJournal(given, environment, async ({ journal }) =>
        (await journal.listRuns()).map(({ target }) => ({ word: target.clusterName, about: target.region })),
      );
      const all = [...(await kubeconfigClusters(environment)), ...known];
      return [...new Map(all.map((one) => [one.word, one])).values()];
    },
  };
}

async function fromJournal(
  given: Given,
  environment: Readonly<Record<string, string | undefined>>,
  read: (opened: ReadJournal) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  if (given.has('--service')) return [];
  const settings = await readSettings(environment);
  const path = given.get('--journal') ?? settings.find(({ name }) => name === 'journal')?.value ?? folderFor(process.cwd());
  const opened = await readLocalJournal({ path, clock: createSystemClock() });
  return opened === undefined ? [] : read(opened).finally(() => opened.close());
}

/** A kubeconfig as far as it names clusters of EKS (kubernetes.io, "kubeconfig (v1)"). */
interface Kubeconfig {
  readonly clusters?: readonly { readonly name?: unknown }[];
  readonly contexts?: readonly { readonly name?: unknown }[];
  readonly users?: readonly { readonly user?: { readonly exec?: { readonly args?: readonly unknown[] | null } | null } | null }[];
}

/** The names that `aws eks update-kubeconfig` and eksctl leave in a kubeconfig: ARNs, `NAME.REGION.eksctl.io`, and arguments of the token's command. */
export function clustersOfKubeconfig(text: string): Candidate[] {
  const { clusters, contexts, users } = (parse(text) ?? {}) as Kubeconfig;
  const named = [...(clusters ?? []), ...(contexts ?? [])].flatMap(({ name }) => {
    const text = String(name);
    const [, region, cluster] = /^arn:aws[a-z-]*:eks:([a-z0-9-]+):\d{12}:cluster\/([\w-]+)$/.exec(text) ?? [];
    const [, other, where] = /(?:^|@)([\w-]+)\.([a-z0-9-]+)\.eksctl\.io$/.exec(text) ?? [];
    const word = cluster ?? other;
    return word === undefined ? [] : [{ word, about: region ?? where ?? '' }];
  });
  const asked = (users ?? []).flatMap(({ user }) => {
    const args = (user?.exec?.args ?? []).map(String);
    const after = (...flags: string[]): string | undefined =>
      flags.map((flag) => args[args.indexOf(flag) + 1]).find((_value, index) => args.includes(flags[index] ?? ''));
    const word = after('--cluster-name', '-i', '--cluster-id');
    return word === undefined ? [] : [{ word, about: after('--region') ?? '' }];
  });
  return [...named, ...asked];
}

async function kubeconfigClusters(environment: Readonly<Record<string, string | undefined>>): Promise<Candidate[]> {
  const files = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  const texts = (files.length === 0 ? [join(homedir(), '.kube', 'config')] : files).map(async (file) => {
    try {
      return clustersOfKubeconfig(await readFile(file, 'utf8'));
    } catch {
      // one that is not there, or is none, names no cluster
      return [];
    }
  });
  return (await Promise.all(texts)).flat();
}
