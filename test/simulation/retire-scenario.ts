import type { Rehearsal } from '../../engine/rehearsal.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { RetirementRecord } from '../../src/model/retirement.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { type CleanRun, type Scene, type Site, snapshotOf } from './scenario.ts';

/** Workloads of the examples that a migration holds, so that the daemon is needed still. */
const HELD = new Set(['auditor', 'scale', 'partner', 'export', 'closed', 'named', 'broken', 'archiver']);

/** An example cluster whose every workload can leave the daemon. */
export async function retirable(folder: string): Promise<Snapshot> {
  const snapshot = await snapshotOf(folder);
  const objects = snapshot.objects
    .filter(({ kind, metadata }) => !(HELD.has(metadata.name) && ['Deployment', 'StatefulSet', 'CronJob'].includes(kind)))
    .map(withoutDefaultRole);
  return { ...snapshot, objects };
}

function withoutDefaultRole(object: KubernetesObject): KubernetesObject {
  if (object.metadata.name !== 'kube2iam' || object.kind !== 'DaemonSet') return object;
  return JSON.parse(JSON.stringify(object).replace(/"--default-role=[^"]*",/, '')) as KubernetesObject;
}

/** A soak that is long enough to prove the old way's silence. */
export const RETIRING = { soakSeconds: 4200, injectionChecks: 3 } as const;

/** The record of the retirement of a run. */
export async function retirementOf({ journal }: Rehearsal, runId: string): Promise<RetirementRecord> {
  const record = await journal.getDocument(runId, 'retirement');
  if (record === undefined) throw new Error(`run ${runId} retired nothing`);
  return record as RetirementRecord;
}

/** A migration of an example that retires its daemon. */
export function retiring(folder: string, retireDaemon: 'kube2iam' | 'kiam'): Exclude<Scene, string> {
  return { name: `${folder} with ${retireDaemon} retired`, snapshot: () => retirable(folder), options: { ...RETIRING, retireDaemon } };
}

/** The call sites of a run that are the retirement's: all after the last write ahead of the first one in the daemon's namespace. */
export function sitesOfRetirement({ sites, requests }: CleanRun): readonly Site[] {
  const first = requests.findIndex(({ write, object }) => write && object.startsWith('kube-system/'));
  const before = requests.slice(0, first).findLastIndex(({ write }) => write);
  return sites.slice(before + 1);
}
