import type { UnitFacts } from '../unit-facts.ts';
import { asksDaemon } from '../world.ts';
import { ADDONS } from './addon.ts';
import { CONSUMERS, CONSUMERS_OF_ADDON, INDIRECT_USERS } from './consumer.ts';
import { DAEMON_IDENTITY, SPLITS, TEMPLATE_ANNOTATIONS } from './metadata.ts';
import { OWNERS } from './owner.ts';
import { PLATFORM } from './platform.ts';
import { ROLE } from './role.ts';
import { TRUST } from './trust.ts';
import { TRUST_WRITERS } from './trust-writer.ts';
import { ofWorkload, type UnitTable, type WorkloadCheck } from './unit-rows.ts';
import { WORKLOADS } from './workload.ts';

const outranksDaemon: WorkloadCheck = ({ workload, subject }, { id, facts, world }) =>
  facts.addon === null && asksDaemon(workload, world) ? `${subject} asks a daemon for a role, and ${id} has one by IRSA` : undefined;

/** What is checked of every unit, whichever mechanism its role comes by: a check for all of them has its row in one of these. */
const EVERY: UnitTable = [...ROLE, ...TRUST, ...WORKLOADS, ...PLATFORM, ...TRUST_WRITERS];

/** All checks of a unit of IRSA. */
export const IRSA: UnitTable = [...EVERY, ...OWNERS, ofWorkload('PS719', outranksDaemon)];

/** All checks of a unit of an EKS add-on. */
export const ADDON: UnitTable = [...EVERY, ...INDIRECT_USERS, ...CONSUMERS_OF_ADDON, ...ADDONS];

/** All checks of a unit of kube2iam or kiam. */
export const METADATA: UnitTable = [...EVERY, ...TEMPLATE_ANNOTATIONS, ...INDIRECT_USERS, ...CONSUMERS, ...SPLITS, ...DAEMON_IDENTITY];

/** The checks of a unit, by its mechanism; a service account whose add-on was not found is checked as one of IRSA. */
export function tableOf({ addon, metadata }: UnitFacts): UnitTable {
  if (metadata !== undefined) return METADATA;
  return addon === undefined ? IRSA : ADDON;
}
