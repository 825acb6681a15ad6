import type { WorkloadFacts } from '../../model/inventory.ts';
import type { World } from '../world.ts';
import type { MetadataAnswer } from './roles.ts';
import { answerOf, type MetadataSystem, systemOf } from './system.ts';

/** One set of annotations, of a template or of live pods, and what a daemon makes of it. */
export interface Asked {
  readonly annotations: Readonly<Record<string, string>>;
  readonly answer: MetadataAnswer;
}

/** An answer to pods that ask for a role, whether they get it or not. */
export type AskedRole = Exclude<MetadataAnswer, { kind: 'none' }>;

/** What one workload asks kube2iam or kiam for, and what comes of it. */
export interface MetadataUse {
  readonly workload: WorkloadFacts;
  readonly system: MetadataSystem;
  /** The template's set first, then each one that live pods have. */
  readonly all: readonly Asked[];
  /** The first that asks for a role and does not get none; undefined where nothing of the workload asks. */
  readonly asking: AskedRole | undefined;
}

/** What a workload of a service account that a daemon serves asks it for. */
export function useOf(workload: WorkloadFacts, { inventory, systems }: World): MetadataUse {
  // Only called where a daemon was found, and then there is a system or a finding about half of one.
  const system = systemOf(systems, workload) as MetadataSystem;
  const sets = [workload.metadata?.template, ...(workload.metadata?.live ?? [])].filter((set) => set !== undefined && set !== null);
  const all = sets.map((annotations) => ({ annotations, answer: answerOf(system, inventory, workload.namespace, annotations) }));
  // A template asks for a role by its own annotation; the default role is nobody's own.
  const asking = all.filter(({ annotations }) => (annotations[system.roleKey] ?? '') !== '').map(({ answer }) => answer);
  return { workload, system, all, asking: asking.find((answer) => answer.kind !== 'none') };
}
