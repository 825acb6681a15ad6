import { admitServiceAccounts, type Undecided, undecidedPodIdentity } from '../../trust/index.ts';
import { podIdentityRequest } from '../role-access.ts';
import { isAssociated } from '../unit-facts.ts';
import { ofRole, type Said, type UnitCheck, type UnitTable } from './unit-rows.ts';

const unreadablePolicy: UnitCheck = ({ roleArn, reference }) =>
  reference.kind === 'unreadable' ? `the trust policy of ${roleArn} cannot be read: ${reference.problem}` : undefined;

const notAdmittedToday: UnitCheck = ({ id, roleArn, access }) =>
  access.kind === 'by-irsa' && access.answer === 'no'
    ? `the trust policy of ${roleArn} does not admit ${id} with audience ${access.audience}: nothing works through it today`
    : undefined;

const daemonNotAdmittedToday: UnitCheck = ({ roleArn, mechanism, access }) =>
  access.kind === 'by-daemon' && access.answer === 'no'
    ? `the trust policy of ${roleArn} does not admit ${access.asWhom}, as which ${mechanism} asks: nothing works through it today`
    : undefined;

const associationUndecided: UnitCheck = ({ id, roleArn, associationState, reference, facts, association, world: { inventory } }) =>
  associationState === 'undecidable' && reference.kind === 'found'
    ? cannotTell(
        `the trust policy of ${roleArn} does not show whether Pod Identity may assume it for ${id}`,
        undecidedPodIdentity(reference.policy, podIdentityRequest(facts, association, inventory)),
      )
    : undefined;

const accessUndecided: UnitCheck = ({ id, roleArn, access }) =>
  access.kind === 'by-irsa' && access.answer === 'undecidable'
    ? cannotTell(`the trust policy of ${roleArn} does not show whether it admits ${id} with audience ${access.audience}`, access.undecided)
    : undefined;

const daemonUndecided: UnitCheck = ({ roleArn, access }) =>
  access.kind === 'by-daemon' && access.answer === 'undecidable'
    ? cannotTell(`the trust policy of ${roleArn} does not show whether it admits ${access.asWhom}`, access.undecided)
    : undefined;

/** Names the statements and their parts that cannot be decided, in message and remedy. */
function cannotTell(message: string, undecided: readonly Undecided[]): Said {
  const parts = [...new Set(undecided.map(({ statement, parts: all }) => `${all.join(' and ')} of ${statement}`))];
  const what = parts.join(', ');
  return {
    message: `${message}: ${what} depends on what podshift cannot know`,
    remedy: `Replace ${what} by a condition on the subject and the audience of the token, or take it out if it is not needed, then plan again.`,
  };
}

const widerSubjects: UnitCheck = ({ roleArn, access }) =>
  access.kind === 'by-irsa' && access.answer === 'yes' && access.wider
    ? `the trust policy of ${roleArn} admits a pattern of service accounts; podshift admits the exact ones`
    : undefined;

/** What a migration of the unit would say of the statement that admits it; nothing is planned for a role that no unit migrates for. */
const admitsMore: UnitCheck = (unit) => {
  const { facts, reference, association, world } = unit;
  if (!isAssociated(unit) || reference.kind !== 'found') return undefined;
  const { cluster } = world.inventory;
  const result = admitServiceAccounts(reference.policy, {
    clusterArn: cluster.arn,
    accountId: cluster.accountId,
    serviceAccounts: [{ namespace: facts.namespace, name: facts.name }],
    scope: association?.disableSessionTags === true || world.options.allowClusterScope ? 'cluster' : 'service-account',
  });
  /* v8 ignore next -- what admits the service account already is left as it is */
  if (result.kind !== 'unchanged') return undefined;
  return result.warnings.filter(({ code }) => code === 'already-admitted-unscoped').map(({ message }) => message);
};

/** The trust policy as it is today (PS2xx); what becomes of it is planned by role, for all units of it together. */
export const TRUST: UnitTable = [
  ofRole('PS201', unreadablePolicy),
  ofRole('PS202', notAdmittedToday),
  ofRole('PS202', daemonNotAdmittedToday),
  ofRole('PS203', associationUndecided),
  ofRole('PS203', accessUndecided),
  ofRole('PS203', daemonUndecided),
  ofRole('PS209', widerSubjects),
  ofRole('PS210', admitsMore),
];
