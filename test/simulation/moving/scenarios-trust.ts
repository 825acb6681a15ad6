import { historyOf, irsaUnit, type Scenario } from './scenario.ts';

/** Histories in which somebody else writes a trust policy. */
export const TRUST_SCENARIOS: readonly Scenario[] = [
  {
    name: 'a statement that somebody writes while podshift grants is not lost',
    history: historyOf([{ kind: 'act', who: 'trust editor', when: { after: 'UpdateAssumeRolePolicy', number: 1, plus: 0 }, unit: 0 }]),
  },
  {
    name: 'a statement that somebody writes while podshift revokes is not lost',
    history: historyOf([
      { kind: 'roll back', when: { second: 600 } },
      { kind: 'act', who: 'trust editor', when: { after: 'UpdateAssumeRolePolicy', number: 2, plus: 0 }, unit: 0 },
    ]),
  },
  {
    name: 'a statement that somebody wrote between two of podshift is not lost when both units go back',
    history: historyOf(
      [
        { kind: 'act', who: 'trust editor', when: { after: 'UpdateAssumeRolePolicy', number: 2, plus: 8_000 }, unit: 0 },
        { kind: 'cut', of: 'proveCredentials', number: 3, call: 3, error: 'InternalError' },
        { kind: 'roll back', when: { second: 900 } },
      ],
      { world: { units: [irsaUnit('cart'), irsaUnit('mail', { role: 'cart' })], nodes: 2, agent: true } },
    ),
  },
  {
    name: 'a statement that somebody adds to those of podshift is not lost while IAM shows the trust policy of before',
    history: historyOf([
      { kind: 'reads late', service: 'iam', when: { second: 1 }, seconds: 300, milliseconds: 15_000 },
      { kind: 'act', who: 'trust editor', when: { after: 'UpdateAssumeRolePolicy', number: 1, plus: 10_000 }, unit: 0 },
    ]),
  },
  {
    name: 'a statement that IAM did not show podshift ahead of its grant is not lost',
    history: historyOf([
      { kind: 'reads late', service: 'iam', when: { second: 1 }, seconds: 300, milliseconds: 15_000 },
      { kind: 'act', who: 'trust editor', when: { second: 2 }, unit: 0 },
    ]),
  },
  {
    name: 'a statement that IAM did not show podshift ahead of its revocation is not lost',
    history: historyOf([
      { kind: 'reads late', service: 'iam', when: { second: 590 }, seconds: 600, milliseconds: 15_000 },
      { kind: 'act', who: 'trust editor', when: { after: 'DeletePodIdentityAssociation', number: 1, plus: 27_000 }, unit: 0 },
      { kind: 'roll back', when: { second: 600 } },
    ]),
  },
];
