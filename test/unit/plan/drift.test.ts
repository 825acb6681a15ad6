import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../../src/model/findings.ts';
import type { AssociationFacts, Inventory, LegacyFact } from '../../../src/model/inventory.ts';
import { drift, type OwnWork } from '../../../src/plan/drift.ts';
import { association, inventory, role, roleArn, scoped, serviceAccount, trust } from '../fixtures/plan-inventories.ts';

const own = (changes: Partial<OwnWork> = {}): OwnWork => ({ migrated: new Set(), cleaned: new Set(), moved: new Set(), ...changes });
const NONE = own();
const API = new Set(['shop/api']);
const annotated = (name = 'api') => ({ serviceAccounts: [serviceAccount('shop/api', name)] });
const plain = { serviceAccounts: [serviceAccount('shop/api', 'api', { annotations: {} })] };
const nobody = { serviceAccounts: [], workloads: [], roles: [] };
/** An association of `shop/api`; ours where a run is named. */
const associated = (changes: Partial<AssociationFacts> = {}) => ({ associations: [association('shop/api', changes)] });
const ours = (changes: Partial<AssociationFacts> = {}) => associated({ podshiftRun: 'run-1', ...changes });
const asks = (subject: string, name = 'cart'): LegacyFact => ({ subject, kind: 'annotation', name });
const runs = (subject: string, name = 'kube2iam'): LegacyFact => ({ subject, kind: 'daemon', name });
const legacy = (...facts: LegacyFact[]) => ({ ...nobody, legacy: facts });
const admitting = { roles: [role('api', [], { trustPolicy: trust(scoped) })] };
const agent = (addon: boolean) => ({
  agent: { addon: addon ? { version: 'v1', status: 'ACTIVE' } : null, daemonSet: null, defaultVersion: null },
});
/** What only the list of associations knows: the service account has no annotation and no association of podshift's. */
const listed = (...ids: string[]) => ({
  ...nobody,
  associated: ids.map((associationId) => ({ associationId, namespace: 'shop', serviceAccount: 'api' })),
});

interface Case {
  before: Partial<Inventory>;
  after: Partial<Inventory>;
  work?: OwnWork;
  codes: FindingCode[];
}

const CASES: Record<string, Case> = {
  'nothing changed': { before: annotated(), after: annotated(), codes: [] },
  'a service account gets a role by IRSA': { before: nobody, after: annotated(), codes: ['PS801'] },
  'a service account gets the annotation': { before: plain, after: annotated(), codes: ['PS801'] },
  'the annotation comes back behind an association': {
    before: { ...plain, ...ours() },
    after: { ...annotated(), ...ours() },
    codes: ['PS803'],
  },
  'the annotation comes back and the association goes': { before: { ...plain, ...ours() }, after: annotated(), codes: ['PS803', 'PS804'] },
  'podshift took the association back and put the annotation back': {
    before: { ...plain, ...ours() },
    after: annotated(),
    work: own({ moved: API }),
    codes: [],
  },
  'the annotation names another role': { before: annotated(), after: annotated('other'), codes: ['PS806'] },
  'the annotation goes': { before: annotated(), after: nobody, codes: ['PS811'] },
  'podshift migrates it: its association comes and the annotation goes': { before: annotated(), after: { ...plain, ...ours() }, codes: [] },
  'somebody else migrates it': { before: annotated(), after: { ...plain, ...associated() }, codes: ['PS811', 'PS813'] },
  'somebody else makes an association': { before: annotated(), after: { ...annotated(), ...associated() }, codes: ['PS813'] },
  'an association goes': { before: { ...plain, ...ours() }, after: nobody, codes: ['PS804'] },
  'an association takes the place of ours': {
    before: { ...plain, ...ours() },
    after: { ...plain, ...associated({ associationId: 'a-2' }) },
    codes: ['PS805'],
  },
  'an association that is only listed takes the place of ours': { before: { ...plain, ...ours() }, after: listed('a-2'), codes: ['PS805'] },
  'podshift made another association': {
    before: { ...plain, ...ours() },
    after: { ...plain, ...ours({ associationId: 'a-2' }) },
    codes: [],
  },
  'an association gives another role': {
    before: { ...plain, ...ours() },
    after: { ...plain, ...ours({ roleArn: roleArn('other') }) },
    codes: ['PS805'],
  },
  'an association gets a target role': { before: associated(), after: associated({ targetRoleArn: roleArn('far') }), codes: ['PS805'] },
  'an association passes no session tags any more': {
    before: associated({ disableSessionTags: false }),
    after: associated({ disableSessionTags: true }),
    codes: ['PS805'],
  },
  'an association that is only listed stays': { before: listed('a-1'), after: listed('a-1'), codes: [] },
  'a workload asks kube2iam for a role': { before: legacy(), after: legacy(asks('Deployment/shop/cart')), codes: ['PS802'] },
  'a workload asks kube2iam for another role': {
    before: legacy(asks('Deployment/shop/cart')),
    after: legacy(asks('Deployment/shop/cart', 'more')),
    codes: ['PS802', 'PS812'],
  },
  'a Job of the same namespace asks for the role of an earlier one': {
    before: legacy(asks('Job/shop/nightly-1')),
    after: legacy(asks('Job/shop/nightly-2')),
    codes: [],
  },
  'a Job of another namespace asks for the role': {
    before: legacy(asks('Job/shop/nightly-1')),
    after: legacy(asks('Job/shop/nightly-1'), asks('Job/media/nightly-1')),
    codes: ['PS802'],
  },
  'a workload no longer asks': { before: legacy(asks('Deployment/shop/cart')), after: legacy(), codes: ['PS812'] },
  'podshift took the annotation of a template off': {
    before: legacy(asks('Deployment/shop/cart')),
    after: legacy(),
    work: own({ cleaned: new Set(['Deployment/shop/cart']) }),
    codes: [],
  },
  'the annotation of a template is back that podshift took off': {
    before: legacy(asks('Deployment/shop/cart')),
    after: legacy(asks('Deployment/shop/cart')),
    work: own({ cleaned: new Set(['Deployment/shop/cart']) }),
    codes: ['PS802'],
  },
  'podshift moved an add-on, whose association carries no run': {
    before: annotated(),
    after: { ...plain, ...associated({ ownerArn: 'arn' }) },
    work: own({ migrated: API }),
    codes: [],
  },
  'podshift migrated it and took the annotation off': {
    before: annotated(),
    after: { ...plain, ...ours() },
    work: own({ migrated: API, cleaned: API }),
    codes: [],
  },
  'podshift migrated it and kept the annotation': {
    before: annotated(),
    after: { ...annotated(), ...ours() },
    work: own({ migrated: API }),
    codes: [],
  },
  'podshift migrated it, and the annotation is back': {
    before: annotated(),
    after: { ...annotated(), ...ours() },
    work: own({ migrated: API, cleaned: API }),
    codes: ['PS803'],
  },
  'podshift migrated it, and the association is gone': {
    before: annotated(),
    after: plain,
    work: own({ migrated: API, cleaned: API }),
    codes: ['PS804'],
  },
  'podshift split it off, and the association is gone': { before: nobody, after: nobody, work: own({ migrated: API }), codes: ['PS804'] },
  'podshift put the annotation of a template back': {
    before: legacy(),
    after: legacy(asks('Deployment/shop/cart')),
    work: own({ moved: new Set(['Deployment/shop/cart']) }),
    codes: [],
  },
  'a daemon comes': { before: legacy(), after: legacy(runs('DaemonSet/kube-system/kube2iam')), codes: ['PS809'] },
  'a daemon goes that is still asked': {
    before: legacy(runs('DaemonSet/kube-system/kube2iam'), asks('Deployment/shop/cart')),
    after: legacy(asks('Deployment/shop/cart')),
    codes: ['PS810'],
  },
  'a daemon goes that nobody asks': { before: legacy(runs('DaemonSet/kube-system/kube2iam')), after: legacy(), codes: [] },
  'the agent goes': { before: { ...listed('a-1'), ...agent(true) }, after: { ...listed('a-1'), ...agent(false) }, codes: ['PS808'] },
  'the agent goes that nobody needs': { before: agent(true), after: agent(false), codes: [] },
  'the agent comes': { before: { ...listed('a-1'), ...agent(false) }, after: { ...listed('a-1'), ...agent(true) }, codes: [] },
  'a trust policy no longer admits an association': {
    before: { ...plain, ...ours(), ...admitting },
    after: { ...plain, ...ours(), roles: [role('api', ['shop/api'])] },
    codes: ['PS807'],
  },
  'the role of an association goes': {
    before: { ...plain, ...ours(), ...admitting },
    after: { ...plain, ...ours(), roles: [] },
    codes: ['PS807'],
  },
  'a trust policy cannot be read any more': {
    before: { ...plain, ...ours(), ...admitting },
    after: { ...plain, ...ours(), roles: [role('api', [], { trustPolicy: '{' })] },
    codes: [],
  },
  'a trust policy never admitted the association': { before: { ...plain, ...ours() }, after: { ...plain, ...ours() }, codes: [] },
};

describe('drift', () => {
  it.each(Object.entries(CASES))('%s', (_title, { before, after, work = NONE, codes }) => {
    expect(drift(inventory(before), inventory(after), work).map(({ code }) => code)).toEqual(codes);
  });

  it('names what was and what is, and tells warnings first', () => {
    const before = inventory({ ...plain, ...ours(), legacy: [asks('Deployment/shop/cart')] });
    const after = inventory({ ...plain, ...ours({ roleArn: roleArn('other'), disableSessionTags: true }) });
    expect(drift(before, after, NONE).map(({ severity, subject, message }) => [severity, subject, message])).toEqual([
      [
        'warning',
        'ServiceAccount/shop/api',
        `the association of shop/api was changed: the role was ${roleArn('api')} and is ${roleArn('other')}, session tagging was on and is off`,
      ],
      ['info', 'Deployment/shop/cart', 'Deployment/shop/cart no longer asks for the role cart'],
    ]);
  });

  it('sorts what is alike by subject and message', () => {
    const found = drift(
      inventory(legacy()),
      inventory(legacy(asks('Deployment/b/x'), asks('Deployment/a/y'), asks('Deployment/a/y', 'b'))),
      NONE,
    );
    expect(found.map(({ message }) => message)).toEqual([
      'Deployment/a/y asks for the role b',
      'Deployment/a/y asks for the role cart',
      'Deployment/b/x asks for the role cart',
    ]);
  });

  it('finds nothing between an inventory and itself, and in any two the same whichever way its parts are sorted', () => {
    const parts = Object.values(CASES).flatMap(({ before, after }) => [inventory(before), inventory(after)]);
    const any = fc.constantFrom(...parts);
    fc.assert(
      fc.property(any, any, (one, other) => {
        expect(drift(one, one, NONE)).toEqual([]);
        const turned: Inventory = { ...other, legacy: [...other.legacy].reverse(), serviceAccounts: [...other.serviceAccounts].reverse() };
        expect(drift(one, turned, NONE)).toEqual(drift(one, other, NONE));
      }),
    );
  });
});
