import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RehearsalSettings, rehearse } from '../../engine/rehearsal.ts';
import type { AddonDescription, Snapshot } from '../../twin/snapshot.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { type World, walkThrough } from '../support/walk-through.ts';
import { checkPromises, EXAMPLE, settingsOf } from './scenario.ts';

const CNI = 'vpc-cni';
const FOREIGN = 'arn:aws:iam::999988887777:role/shop-cni';

let world: World;
let snapshot: Snapshot;
beforeAll(async () => {
  world = await walkThrough('irsa');
  snapshot = await loadSnapshot(world.folder);
});
afterAll(() => world.remove());

/** The world with another vpc-cni. */
function withCni(changes: Partial<AddonDescription>): Snapshot {
  return { ...snapshot, addons: snapshot.addons.map((addon) => (addon.addonName === CNI ? { ...addon, ...changes } : addon)) };
}

/** The world with another annotation on vpc-cni's service account. */
function withAnnotation(changed: Snapshot, roleArn: string): Snapshot {
  const objects = changed.objects.map((object) =>
    object.kind === 'ServiceAccount' && object.metadata.name === 'aws-node'
      ? { ...object, metadata: { ...object.metadata, annotations: { 'eks.amazonaws.com/role-arn': roleArn } } }
      : object,
  );
  return { ...changed, objects };
}

/** Rehearses, with all promises kept, and answers what became of aws-node and of everybody else. */
async function run(settings: Partial<RehearsalSettings>) {
  const rehearsal = await rehearse({ ...(await settingsOf(EXAMPLE)), snapshot, ...settings });
  try {
    await checkPromises(rehearsal);
    const { units } = rehearsal.report;
    const unit = units.find(({ serviceAccount }) => serviceAccount === 'aws-node');
    if (unit === undefined) throw new Error('aws-node is no unit');
    const updates = rehearsal.twin.requests.filter(({ operation, object }) => operation === 'UpdateAddon' && object === CNI);
    return {
      status: unit.status,
      reason: unit.reason,
      codes: unit.findings,
      updates: updates.length,
      others: units.filter(({ status }) => status === 'migrated').length,
      addon: rehearsal.twin.addons.get(CNI),
    };
  } finally {
    await rehearsal.close();
  }
}

describe('an add-on that cannot be migrated', () => {
  it.each<[string, () => Snapshot, string, string]>([
    ['its version does not exist', () => withCni({ addonVersion: 'v0.9.9-eksbuild.9' }), 'PS605', 'version v1.19.0-eksbuild.1 does'],
    [
      'its role is in another account',
      () => withAnnotation(withCni({ serviceAccountRoleArn: FOREIGN }), FOREIGN),
      'PS103',
      'account 999988887777',
    ],
    [
      'its role does not exist',
      () =>
        withAnnotation(withCni({ serviceAccountRoleArn: 'arn:aws:iam::444455556666:role/gone' }), 'arn:aws:iam::444455556666:role/gone'),
      'PS104',
      'role/gone',
    ],
    ['its configuration values are no JSON', () => withCni({ configurationValues: '{"env":' }), 'PS609', 'no JSON or YAML of an object'],
    ['it is not healthy', () => withCni({ status: 'DEGRADED' }), 'PS607', 'DEGRADED'],
    ['an update of it never ends', () => withCni({ status: 'UPDATING' }), 'PS608', 'UPDATING'],
  ])('is held where %s, and all others migrate', async (_, changed, code, reason) => {
    const held = await run({ snapshot: changed() });
    expect(held).toMatchObject({ status: 'held', updates: 0, addon: { podIdentityAssociations: [] } });
    expect(held.codes).toContain(code);
    expect(held.reason).toContain(reason);
    expect(held.others).toBe(10);
  });

  it('is left as it is where somebody changes it behind the plan’s back', async () => {
    let change: (() => void) | undefined;
    const moved = await run({
      prepare: (twin) => {
        change = () => twin.addons.replace({ ...twin.addons.get(CNI), configurationValues: '{"env":{}}' }, 'system');
      },
      hooks: {
        beforeRequest: ({ operation }) => {
          if (operation === 'UpdateAssumeRolePolicy') change?.();
          return undefined;
        },
      },
    });
    expect(moved).toMatchObject({ status: 'rolled-back', updates: 0, addon: { configurationValues: '{"env":{}}' } });
    expect(moved.reason).toContain('configuration values of the add-on vpc-cni changed since the plan was made');
  });

  it('goes back where its update fails half way', async () => {
    const back = await run({ prepare: (twin) => twin.updates.failNext(CNI) });
    expect(back).toMatchObject({ status: 'rolled-back', updates: 2, others: 10 });
    expect(back.reason).toContain('EKS did not finish the update of the add-on vpc-cni (Failed): AdmissionRequestDenied');
    expect(back.addon).toMatchObject({
      status: 'ACTIVE',
      podIdentityAssociations: [],
      serviceAccountRoleArn: 'arn:aws:iam::444455556666:role/shop-cni',
    });
  });
});
