import { z } from 'zod';
import type { FleetRecord, FleetSpec, MemberRecord, PlaceRecord, UnitCounts } from '../model/fleet.ts';
import type { ClusterTarget } from '../model/run.ts';
import { json, parseItem } from './items.ts';
import type { Item } from './table.ts';

/** A fleet's items as they lie in the table, by the rule of items.ts: what is written once and read whole is JSON text. */
const fleetItem = z.object({
  fleetId: z.string(),
  mode: z.enum(['plan', 'run']),
  approval: z.enum(['none', 'required']),
  expectedDigest: z.string().nullable(),
  spec: z.string(),
  status: z.enum(['running', 'planned', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  reason: z.string(),
  halted: z.string(),
  digest: z.string(),
  canary: z.string(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
});

const placeItem = z.object({
  fleetId: z.string(),
  placeId: z.string(),
  account: z.string(),
  region: z.string(),
  status: z.enum(['pending', 'discovered', 'refused']),
  reason: z.string(),
  clusters: z.number(),
});

const memberItem = z.object({
  fleetId: z.string(),
  clusterArn: z.string(),
  target: z.string(),
  tagged: z.boolean(),
  status: z.enum(['pending', 'planning', 'planned', 'running', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  reason: z.string(),
  digest: z.string(),
  units: z.string(),
  wave: z.number().nullable(),
  startedAt: z.record(z.string(), z.string()),
});

/** The fleet of an item. */
export function readFleet(item: Item): FleetRecord {
  const { spec, ...rest } = parseItem(fleetItem, item);
  return { ...rest, spec: JSON.parse(spec) as FleetSpec };
}

/** The place of an item. */
export function readPlace(item: Item): PlaceRecord {
  return parseItem(placeItem, item);
}

/** The item of a member. */
export function writeMember(member: MemberRecord): Item {
  return { ...member, target: json(member.target), units: json(member.units), startedAt: { ...member.startedAt } };
}

/** The member of an item. */
export function readMember(item: Item): MemberRecord {
  const { target, units, ...rest } = parseItem(memberItem, item);
  return { ...rest, target: JSON.parse(target) as ClusterTarget, units: JSON.parse(units) as UnitCounts | null };
}
