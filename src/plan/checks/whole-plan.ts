import type { RoleFacts } from '../../model/inventory.ts';
import { blockersOf, type Candidate } from '../candidates.ts';
import { nameOfOwner } from '../owners.ts';
import { isAssociated } from '../unit-facts.ts';
import type { World } from '../world.ts';
import { type Row, row, type Table } from './check.ts';

/** Associations that a cluster takes (EKS User Guide, "Service quotas"). */
const MOST_ASSOCIATIONS = 5000;

/** All candidates of a plan, as far as they are judged; in order of their ids. */
export interface PlanFacts {
  readonly candidates: readonly Candidate[];
  readonly world: World;
}

/** Says something of candidates for the sake of the others; its subjects are their service accounts. */
type PlanCheck = Row<PlanFacts>['check'];

/** The units, last by id, whose associations the cluster has no room for any more. */
const beyondQuota: PlanCheck = ({ candidates, world: { inventory } }) => {
  const { cluster, platform } = inventory;
  const room = MOST_ASSOCIATIONS - (platform?.associations ?? 0);
  const message = `${cluster.name} has ${platform?.associations} associations, and takes ${MOST_ASSOCIATIONS}`;
  return candidates
    .filter((candidate) => candidate.unit.association === undefined && blockersOf(candidate).length === 0)
    .slice(Math.max(0, room))
    .map(({ unit }) => ({ subject: `ServiceAccount/${unit.id}`, message }));
};

/** One update moves all service accounts of an add-on: where one that would have to move is held, so are the others. */
const heldWithAddon: PlanCheck = ({ candidates }) => {
  const members = Map.groupBy(candidates, ({ unit }) => unit.facts.addon);
  members.delete(null);
  return [...members].flatMap(([name, all]) => {
    const judged = all.map((candidate) => ({ ...candidate, blockers: blockersOf(candidate) }));
    const held = judged.find(({ blockers }) => blockers.length > 0);
    if (held === undefined) return [];
    const message = `${held.unit.id} of the same add-on ${name} is blocked: ${held.blockers[0]?.message}`;
    return judged
      .filter(({ unit, blockers }) => blockers.length === 0 && !isAssociated(unit))
      .map(({ unit }) => ({ subject: `ServiceAccount/${unit.id}`, message }));
  });
};

const HELD_WITH_ADDON = row('PS610', heldWithAddon);

/** What holds units for the sake of others, in the order of asking: one beyond the quota holds its add-on, whose others make room. */
export const TOGETHER: Table<PlanFacts> = [HELD_WITH_ADDON, row('PS412', beyondQuota), HELD_WITH_ADDON];

/** A role that the plan is made for, and whether it changes the trust policy. */
export interface RoleChange {
  readonly role: RoleFacts;
  readonly isChanged: boolean;
}

/** Infrastructure as code would take a new trust statement out again. */
const ownedRole: Row<RoleChange>['check'] = ({ role: { arn, owners }, isChanged }) => {
  const [owner] = owners;
  if (owner === undefined || !isChanged) return undefined;
  const source = owner.kind === 'terraform' ? 'its Terraform configuration' : `the template of ${nameOfOwner(owner)}`;
  return {
    subject: `Role/${arn}`,
    message: `${nameOfOwner(owner)} owns the role ${arn}, and the plan changes its trust policy`,
    remedy: `Add the statement that the plan shows to the role's trust policy in ${source} before its next update: it would take the statement out again.`,
  };
};

/** What is told of a role on each of its units. */
export const ROLE_CHANGES: Table<RoleChange> = [row('PS503', ownedRole)];
