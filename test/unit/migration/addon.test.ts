import { beforeEach, describe, expect, it } from 'vitest';
import { checkAddon, checkTogether } from '../../../src/migration/addon/check-addon.ts';
import { updateAddon } from '../../../src/migration/addon/update-addon.ts';
import { confirmUse } from '../../../src/migration/unit/confirm-use.ts';
import { verifyPods } from '../../../src/migration/unit/verify-pods.ts';
import { type AddonScene, addonScene, BOTH, CONTROLLER, NAME, NODE, VALUES } from '../fixtures/addon-scene.ts';
import { ROLE, RUN, TARGET } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let scene: AddonScene;
beforeEach(async () => {
  scene = await addonScene();
});

const journal = () => scene.fake.runtime.journal;
const update = (input = CONTROLLER) => updateAddon(scene.fake.runtime, input);
const check = (input = CONTROLLER) => checkAddon(scene.fake.runtime, input);
const together = (input = CONTROLLER) => checkTogether(scene.fake.runtime, input);
const entries = async () => (await journal().listEntries(RUN)).map(({ key, state }) => `${key} ${state}`).sort();

describe('the update of an add-on', () => {
  it('asks for the whole list with version and configuration as they are, once for all units, each of which has it on record', async () => {
    expect(await update(NODE)).toEqual({ updateId: '' });
    expect(await update()).toEqual({ updateId: 'u-1' });
    expect(await update()).toEqual({ updateId: 'u-1' });
    expect(scene.sent).toEqual([
      {
        addonName: NAME,
        addonVersion: 'v2',
        configurationValues: VALUES,
        podIdentityAssociations: BOTH,
        clientRequestToken: expect.any(String),
      },
    ]);
    expect(await entries()).toEqual(['addon-update#kube-system/controller applied', 'addon-update#kube-system/node intended']);
    const { before } = (await journal().getEntry(RUN, 'addon-update#kube-system/node')) ?? {};
    expect(before).toEqual({ serviceAccountRoleArn: ROLE, associations: [], addonVersion: 'v2' });
  });

  it('takes an update that runs while it looks for one that runs, and not for roles that changed since the plan', async () => {
    const { eks } = scene.fake.runtime.aws(TARGET);
    const { listAssociations, updateAddon: send } = eks;
    Object.assign(eks, {
      listAssociations: async () => {
        await send({ addonName: NAME, addonVersion: 'v2', podIdentityAssociations: BOTH, clientRequestToken: 'the first try, late' });
        return listAssociations();
      },
    });
    const message = `an update of the add-on ${NAME} is running`;
    await expect(update()).rejects.toMatchObject({ name: 'Conflict', message });
  });

  it('is not sent again where its reply was lost', async () => {
    scene.fake.account.failures = { 'updateAddon reply': ['ServiceUnavailable'] };
    await expect(update()).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await update()).toEqual({ updateId: '' });
    expect(scene.sent).toHaveLength(1);
    expect(await check()).toEqual({ status: 'ready', waitSeconds: 0 });
  });

  it.each<[string, () => void, string]>([
    ['is gone', () => scene.fake.account.addons.clear(), `the add-on ${NAME} is gone since the plan was made`],
    ['has another version', () => scene.setLive({ addonVersion: 'v3' }), `the add-on ${NAME} is v3 by now, and v2 in the plan`],
    [
      'has other configuration values',
      () => scene.setLive({ configurationValues: '{}' }),
      `the configuration values of the add-on ${NAME} changed since the plan was made`,
    ],
    [
      'has another role',
      () => scene.setLive({ serviceAccountRoleArn: `${ROLE}-2` }),
      `the roles of the add-on ${NAME} changed since the plan was made`,
    ],
  ])('is refused where the add-on %s', async (_, change, message) => {
    change();
    await expect(update()).rejects.toMatchObject({ name: 'WorldMoved', message });
    expect(scene.sent).toEqual([]);
  });

  it('comes back later where another update runs, and fails as EKS says otherwise', async () => {
    scene.fake.account.failures = { updateAddon: ['AlreadyExists', 'AccessDenied'] };
    await expect(update()).rejects.toMatchObject({ name: 'Conflict' });
    await expect(update()).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('does not go where a role’s trust policy could not be changed', async () => {
    await journal().updateRole(RUN, ROLE, { blocked: 'somebody else changed it' });
    await expect(update()).rejects.toMatchObject({ name: 'TrustPolicyMoved', message: 'somebody else changed it' });
    expect(scene.sent).toEqual([]);
  });

  it.each(['rolling-back', 'rolled-back', 'held', 'needs-operator'] as const)(
    'goes no further where another unit of the add-on is %s',
    async (status) => {
      await journal().updateUnit(RUN, NODE.unitId, { status, reason: status === 'held' ? '' : 'no proof' });
      const message = `kube-system/node of the same add-on rolls back: ${status === 'held' ? 'held' : 'no proof'}`;
      for (const step of [update, check, together]) await expect(step()).rejects.toMatchObject({ name: 'ProofFailed', message });
    },
  );

  it('is no step of a unit that belongs to no add-on', async () => {
    const { begin } = unitScene((fake) => {
      scene = { ...scene, fake };
    });
    await begin();
    await expect(update(UNIT)).rejects.toMatchObject({ name: 'InternalError' });
  });
});

describe('the wait for it', () => {
  it('ends when EKS is done and the association is the add-on’s', async () => {
    await update();
    scene.setLive({ status: 'UPDATING' });
    expect(await check()).toEqual({ status: 'waiting', waitSeconds: 10 });
    scene.outcome = 'InProgress';
    scene.setLive({ status: 'ACTIVE' });
    expect((await check()).status).toBe('waiting');
    scene.outcome = 'Successful';
    scene.setLive({ status: 'DEGRADED' });
    expect((await check()).status).toBe('waiting');
    scene.setLive({ status: 'ACTIVE' });
    expect([await check(), await check(NODE)]).toEqual([
      { status: 'ready', waitSeconds: 0 },
      { status: 'ready', waitSeconds: 0 },
    ]);
    expect((await journal().getUnit(RUN, NODE.unitId)).facts.associatedAt).toEqual(expect.any(String));
  });

  it.each<[string, () => void, string, string]>([
    [
      'EKS failed',
      () => {
        scene.outcome = 'Failed';
      },
      'RolloutFailed',
      `EKS did not finish the update of the add-on ${NAME} (Failed): AdmissionRequestDenied: a webhook refused it`,
    ],
    [
      'somebody cancelled',
      () => {
        scene.outcome = 'Cancelled';
      },
      'RolloutFailed',
      `EKS did not finish the update of the add-on ${NAME} (Cancelled): `,
    ],
    [
      'left the add-on broken',
      () => scene.setLive({ status: 'UPDATE_FAILED', healthIssues: [{ code: 'ConfigurationConflict', message: '' }] }),
      'RolloutFailed',
      `the add-on ${NAME} is UPDATE_FAILED (ConfigurationConflict)`,
    ],
    ['left the add-on being deleted', () => scene.setLive({ status: 'DELETING' }), 'RolloutFailed', `the add-on ${NAME} is DELETING`],
    ['left no add-on', () => scene.fake.account.addons.clear(), 'WorldMoved', `the add-on ${NAME} is gone`],
  ])('ends where the update %s', async (_, change, name, message) => {
    await update();
    change();
    await expect(check()).rejects.toMatchObject({ name, message });
  });

  it.each<[string, () => void, string]>([
    ['the add-on', () => scene.setLive({ status: 'UPDATING' }), 'it is UPDATING'],
    [
      'the update',
      () => {
        scene.outcome = 'InProgress';
      },
      'its update is InProgress',
    ],
    [
      'the association',
      () => {
        scene.fake.account.associations = [];
      },
      'it has no association for kube-system/controller',
    ],
  ])('ends after the option’s time, whatever %s does', async (_, change, missing) => {
    scene = await addonScene({}, { addonTimeoutSeconds: 900 });
    await update();
    change();
    expect((await check()).status).toBe('waiting');
    scene.fake.pass(901);
    const message = `after 900 s the update of the add-on ${NAME} has not ended: ${missing}`;
    await expect(check()).rejects.toMatchObject({ name: 'StepTimedOut', message });
  });
});

describe('the units of an add-on', () => {
  it('succeed together: each waits for the proof of the others', async () => {
    expect((await together()).status).toBe('waiting');
    expect((await together(NODE)).status).toBe('ready');
    expect((await together()).status).toBe('ready');
  });

  it.each([
    ['its pods are looked at', verifyPods],
    ['its soak is over', confirmUse],
  ] as const)('go back together: when %s, one of them goes no further where another goes back', async (_, step) => {
    await journal().updateUnit(RUN, NODE.unitId, { status: 'rolling-back', reason: 'no proof' });
    const message = 'kube-system/node of the same add-on rolls back: no proof';
    await expect(step(scene.fake.runtime, CONTROLLER)).rejects.toMatchObject({ name: 'ProofFailed', message });
  });

  it('wait no longer than a unit may take', async () => {
    expect((await together()).status).toBe('waiting');
    scene.fake.pass(24 * 3600);
    await expect(together()).rejects.toMatchObject({ name: 'StepTimedOut', message: expect.stringContaining('kube-system/node') });
  });
});
