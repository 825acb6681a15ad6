import { beforeEach, describe, expect, it } from 'vitest';
import { undoAddon, updateAddon } from '../../../../src/migration/addon/update-addon.ts';
import { type AddonScene, addonScene, BOTH, CONTROLLER, NAME, NODE, VALUES } from '../../fixtures/addon-scene.ts';
import { ROLE, RUN } from '../../fixtures/fake-migration.ts';

const ROLE_KEY = 'eks.amazonaws.com/role-arn';
const BEFORE = JSON.stringify({ serviceAccountRoleArn: ROLE, associations: [], addonVersion: 'v2' });

let scene: AddonScene;
beforeEach(async () => {
  scene = await addonScene();
  await updateAddon(scene.fake.runtime, CONTROLLER);
  scene.sent.length = 0;
});

/** One call of the step, as the way back of a unit makes it; `between` happens after the add-on is read, and before its associations are. */
async function undo({ unitId } = CONTROLLER, between?: () => Promise<unknown>): Promise<string> {
  const { runtime } = scene.fake;
  const [run, unit] = await Promise.all([runtime.journal.getRun(RUN), runtime.journal.getUnit(RUN, unitId)]);
  const aws = runtime.aws(run.target);
  const listAssociations = async () => {
    await between?.();
    return aws.eks.listAssociations();
  };
  const context = { run, unit, aws: { ...aws, eks: { ...aws.eks, listAssociations } }, kubernetes: await runtime.kubernetes(run.target) };
  const entries = (await runtime.journal.listEntries(RUN)).filter((entry) => entry.unitId === unitId);
  return undoAddon(runtime, context, entries);
}

const account = (name: string) => scene.fake.object('ServiceAccount', name, 'kube-system');
const states = async () => (await scene.fake.runtime.journal.listEntries(RUN)).map(({ state }) => state);
/** EKS takes the annotation of what it has given an association. */
function takeAnnotation(name = 'controller'): void {
  const object = account(name);
  if (object !== undefined) scene.fake.put({ ...object, metadata: { ...object.metadata, annotations: {} } });
}

describe('the way back of an add-on', () => {
  it('gives the old roles back in one update, in the present version and configuration, and the annotation after it', async () => {
    takeAnnotation();
    expect(await undo()).toBe(`the add-on ${NAME} is given its old roles again`);
    expect(scene.sent).toEqual([
      {
        addonName: NAME,
        addonVersion: 'v2',
        configurationValues: VALUES,
        serviceAccountRoleArn: ROLE,
        podIdentityAssociations: [],
        clientRequestToken: expect.any(String),
      },
    ]);
    scene.outcome = 'InProgress';
    expect(await undo()).toBe(`the update of the add-on ${NAME} is running`);
    scene.outcome = 'Successful';
    scene.setLive({ status: 'UPDATING' });
    expect(await undo()).toBe(`an update of the add-on ${NAME} is running`);
    scene.setLive({ status: 'DEGRADED' });
    expect(await undo()).toBe(`the add-on ${NAME} is DEGRADED`);
    scene.setLive({ status: 'ACTIVE' });
    expect(account('controller')?.metadata.annotations).toEqual({});
    expect([await undo(), await undo(NODE), await undo()]).toEqual(['', '', '']);
    expect(scene.sent).toHaveLength(1);
    expect(account('controller')?.metadata.annotations).toEqual({ [ROLE_KEY]: ROLE });
    expect(await states()).toEqual(['undone', 'undone']);
    expect(scene.associations()).toEqual([]);
  });

  it('has nothing to do where nothing was begun', async () => {
    scene = await addonScene();
    expect(await undo()).toBe('');
    expect(scene.fake.account.writes).toEqual([]);
  });

  it('leaves a service account that was made anew, or that somebody gave another role, as it is', async () => {
    const [controller, node] = [account('controller'), account('node')];
    if (controller === undefined || node === undefined) throw new Error('the scene has two service accounts');
    scene.fake.put({ ...controller, metadata: { ...controller.metadata, uid: 'another', annotations: {} } });
    await undo();
    expect([await undo(), await undo(NODE)]).toEqual(['', '']);
    expect(account('controller')?.metadata.annotations).toEqual({});
    expect(scene.fake.account.writes.filter((write) => write.startsWith('patch'))).toEqual([]);
  });

  it('leaves an annotation that somebody else set meanwhile, and names it', async () => {
    await undo();
    const controller = account('controller');
    if (controller === undefined) throw new Error('the scene has a controller');
    scene.fake.put({ ...controller, metadata: { ...controller.metadata, annotations: { [ROLE_KEY]: `${ROLE}-other` } } });
    await expect(undo()).rejects.toMatchObject({
      name: 'UndoFailed',
      message: expect.stringContaining(`set the annotation ${ROLE_KEY} of ServiceAccount/kube-system/controller to ${ROLE}-other`),
    });
    expect(account('controller')?.metadata.annotations).toEqual({ [ROLE_KEY]: `${ROLE}-other` });
  });

  it('asks three times where EKS fails, and says then what the roles were', async () => {
    await undo();
    scene.outcome = 'Failed';
    expect([await undo(), await undo()]).toEqual([
      `the add-on ${NAME} is given its old roles again`,
      `the add-on ${NAME} is given its old roles again`,
    ]);
    expect(new Set(scene.sent.map(({ clientRequestToken }) => clientRequestToken)).size).toBe(3);
    const message = `EKS failed 3 times to restore the old roles of the add-on ${NAME}: ${BEFORE}`;
    await expect(undo()).rejects.toMatchObject({ name: 'UndoFailed', message });
  });

  it('mends an add-on whose update failed, though its roles are the old ones', async () => {
    scene.setLive({ status: 'UPDATE_FAILED', serviceAccountRoleArn: ROLE });
    scene.fake.account.associations = [];
    expect(await undo()).toBe(`the add-on ${NAME} is given its old roles again`);
    expect(scene.sent).toHaveLength(1);
  });

  it('waits where another update gets in its way, and counts no try', async () => {
    scene.fake.account.failures = { updateAddon: ['AlreadyExists', 'AccessDenied'] };
    expect(await undo()).toBe(`the add-on ${NAME} is given its old roles again`);
    expect((await scene.fake.runtime.journal.getUnit(RUN, CONTROLLER.unitId)).facts.addonUndoUpdates).toBeUndefined();
    await expect(undo()).rejects.toMatchObject({ name: 'AccessDenied' });
    await undo();
    expect(await undo()).toBe('');
  });

  it('takes no update of another unit of the add-on, begun while it looked, for somebody else’s change', async () => {
    const sibling = async () => {
      await undo(NODE);
      scene.setLive({ status: 'UPDATING' });
    };
    expect(await undo(CONTROLLER, sibling)).toBe(`an update of the add-on ${NAME} is running`);
    expect(scene.sent).toHaveLength(1);
    scene.setLive({ status: 'ACTIVE' });
    expect([await undo(), await undo(NODE)]).toEqual(['', '']);
    expect(scene.sent).toHaveLength(1);
  });

  it('takes none that has ended by then for one either', async () => {
    expect(await undo(CONTROLLER, () => undo(NODE))).toBe(`an update of the add-on ${NAME} is running`);
    expect([await undo(), await undo(NODE)]).toEqual(['', '']);
    expect(scene.sent).toHaveLength(1);
  });

  it('touches nothing that somebody else changed, and says what it was', async () => {
    scene.fake.account.associations = scene.fake.account.associations.slice(1);
    const message = `somebody else changed the roles of the add-on ${NAME}; before podshift they were ${BEFORE}`;
    await expect(undo()).rejects.toMatchObject({ name: 'UndoFailed', message });
    scene.fake.account.addons.clear();
    const gone = `the add-on ${NAME} was deleted; before podshift it was ${BEFORE}`;
    await expect(undo()).rejects.toMatchObject({ name: 'UndoFailed', message: gone });
    expect(scene.sent).toEqual([]);
  });

  it('stops where the lock is another run’s', async () => {
    await scene.fake.runtime.journal.releaseLock('arn:aws:eks:eu-west-1:111122223333:cluster/shop', RUN);
    await scene.fake.runtime.journal.acquireLock('arn:aws:eks:eu-west-1:111122223333:cluster/shop', 'run-2', 900);
    await expect(undo()).rejects.toMatchObject({ name: 'LockLost' });
    expect([scene.sent, scene.associations()]).toEqual([[], BOTH.map(({ serviceAccount }) => `${serviceAccount} ${ROLE}`)]);
  });
});
