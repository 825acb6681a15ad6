import type { TrustWriterFact } from '../../model/inventory.ts';
import { admitsPodIdentity } from '../../trust/index.ts';
import { trustPolicyFor } from '../addon-permissions.ts';
import { podIdentityRequest } from '../role-access.ts';
import type { UnitFacts } from '../unit-facts.ts';
import { ofRole, type UnitCheck, type UnitTable } from './unit-rows.ts';

/** Who writes the whole document takes out what podshift adds, and with it the role from every pod; what is admitted already needs no write. */
const wholePolicyWritten: UnitCheck = (unit) => {
  const { facts, roleArn, reference, association, world } = unit;
  if (reference.kind !== 'found') return undefined;
  if (admitsPodIdentity(reference.policy, podIdentityRequest(facts, association, world.inventory)) === 'yes') return undefined;
  const name = roleArn.split('/').at(-1);
  return (world.inventory.customResources?.trustWriters ?? [])
    .filter(({ role }) => role === roleArn || role === name)
    .map((writer) => ({
      message: `${writer.component} writes the whole trust policy of ${roleArn} by ${writer.subject}: a statement that podshift adds would be lost, and with it the credentials of every pod of ${unit.id}`,
      remedy: remedyFor(writer, unit),
    }));
};

function remedyFor({ component, subject, document }: TrustWriterFact, unit: UnitFacts): string {
  if (component.startsWith('Kubeflow'))
    return `Set annotateOnly: true in the plugin AwsIamForServiceAccount of ${subject}, so that the controller does not write the trust policy, then plan again.`;
  if (document === null)
    return `Take the role out of ${subject} without deleting it in IAM, or give ${unit.id} a role that ${component} does not manage, then plan again.`;
  return `Add this statement to ${document} of ${subject}, wait until the trust policy has it, then plan again: ${statementFor(unit)}`;
}

/** The statement as podshift writes it, so that it is known as its own. */
function statementFor({ facts: { namespace, name }, world: { inventory } }: UnitFacts): string {
  return JSON.stringify(JSON.parse(trustPolicyFor(inventory.cluster, { namespace, name })).Statement[0]);
}

/** Controllers that own a trust policy as a whole (PS5xx): of every mechanism. */
export const TRUST_WRITERS: UnitTable = [ofRole('PS508', wholePolicyWritten, 'unless-associated')];
