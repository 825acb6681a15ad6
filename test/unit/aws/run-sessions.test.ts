import { describe, expect, it } from 'vitest';
import { takeNotes, withRequestNotes } from '../../../src/audit/request-notes.ts';
import { runAgent, sessionName, withRun } from '../../../src/audit/run-session.ts';
import { sessionArn } from '../../../src/aws/session-arn.ts';
import { createClusterConnections } from '../../../src/kubernetes/connections.ts';
import { RESOURCES } from '../../../src/kubernetes/resources.ts';
import { type ScriptedReply, startScript } from '../fixtures/scripted-server.ts';

const ROLE = 'arn:aws:iam::444455556666:role/team/podshift-member';
const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const member = { ...target, assumeRoleArn: ROLE };
const SESSION = 'arn:aws:sts::444455556666:assumed-role/podshift-member/podshift-run-1';

/** STS, EKS and an API server; every EKS answer but describe is `reply`. */
async function world(
  reply: ScriptedReply = { headers: { 'x-amzn-requestid': 'request-1' }, body: {} },
  ownPrincipal: () => Promise<string | null> = async () => 'arn:aws:iam::444455556666:user/me',
) {
  const api = await startScript(({ method }) => ({ headers: { 'audit-id': `audit-${method}` }, body: {} }), true);
  const certificate = Buffer.from(api.certificateAuthority).toString('base64');
  const cluster = { name: 'shop', endpoint: api.url, certificateAuthority: { data: certificate } };
  const { url, seen } = await startScript(({ path, method }) => {
    if (path !== '/') return method === 'GET' ? { body: { cluster } } : reply;
    const given =
      '<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>';
    const body = `<AssumeRoleResponse><AssumeRoleResult><Credentials>${given}</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
    return { headers: { 'content-type': 'text/xml' }, body };
  });
  const connections = createClusterConnections({
    clock: { now: () => 0 },
    endpoint: url,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 's' },
    retryDelays: 'none',
    ownPrincipal,
  });
  const names = () => seen.filter(({ path }) => path === '/').map(({ body }) => new URLSearchParams(body).get('RoleSessionName'));
  return { ...connections, seen, names, asked: api.seen };
}

describe('a role that is assumed for a run', () => {
  it('has a session that is named by the run, one for each', async () => {
    const { aws, names } = await world();
    for (const run of ['run-1', 'run-1', 'run-2', undefined]) await withRun(run, async () => aws(member).eks.describeCluster());
    expect(names()).toEqual(['podshift-run-1', 'podshift-run-2', 'podshift']);
  });

  it('has a name that STS takes', () => {
    expect(sessionName('a/b c')).toBe('podshift-a-b-c');
    expect(sessionName('0mx0soz4c3fmw0e7dy4pb00vgt')).toBe('podshift-0mx0soz4c3fmw0e7dy4pb00vgt');
    expect(sessionName('x'.repeat(80))).toMatch(/^podshift-x{55}$/);
    expect([runAgent(undefined), runAgent('run-1')]).toEqual(['', 'podshift-run/run-1']);
  });

  it.each([
    ['arn:aws-cn:iam::444455556666:role/a/b/name', 'arn:aws-cn:sts::444455556666:assumed-role/name/s'],
    ['arn:aws:iam::444455556666:user/name', null],
    ['', null],
  ])('%s has sessions of the ARN %s', (arn, expected) => {
    expect(sessionArn(arn, 's')).toBe(expected);
  });
});

describe('the requests of a run', () => {
  it('name it in their user agent, to AWS and to the API server', async () => {
    const { aws, kubernetes, seen, asked } = await world();
    await withRun('run-1', async () => {
      await aws(target).eks.describeCluster();
      await (await kubernetes(target)).get(RESOURCES.pods, 'shop', 'a');
    });
    await aws(target).eks.describeCluster();
    await (await kubernetes(target)).get(RESOURCES.pods, 'shop', 'a');
    const agents = seen.map(({ headers }) => String(headers['user-agent']));
    expect(agents.slice(0, 2).map((agent) => / podshift-run\/run-1$/.test(agent))).toEqual([true, true]);
    expect(agents.at(-1)).not.toContain('podshift-run/');
    expect(asked.map(({ headers }) => headers['user-agent'])).toEqual(['podshift podshift-run/run-1', 'podshift']);
  });

  it('are noted where they change something, with their ids and who signed them', async () => {
    const { aws, kubernetes } = await world();
    const notes = await withRun('run-1', () =>
      withRequestNotes(async () => {
        await aws(member).eks.describeCluster();
        await aws(member).eks.deleteAssociation('a-1');
        const gateway = await kubernetes(target);
        await gateway.get(RESOURCES.pods, 'shop', 'a');
        await gateway.create(RESOURCES.pods, 'shop', {}, { dryRun: true });
        await gateway.patch(RESOURCES.serviceAccounts, 'shop', 'a', { type: 'merge', body: { secret: 'of nobody' } });
        return takeNotes();
      }),
    );
    expect(notes).toEqual([
      { service: 'eks', operation: 'DeletePodIdentityAssociation', requestId: 'request-1', principal: SESSION, error: null },
      {
        service: 'kubernetes',
        operation: expect.stringMatching(/^patch .*a/),
        requestId: 'audit-PATCH',
        principal: 'arn:aws:iam::444455556666:user/me',
        error: null,
      },
    ]);
    expect(JSON.stringify(notes)).not.toContain('of nobody');
  });

  it('are noted where they were refused, with the code', async () => {
    const headers = { 'x-amzn-requestid': 'request-2', 'x-amzn-errortype': 'InvalidParameterException' };
    const { aws } = await world({ status: 400, headers, body: { message: 'no' } });
    const notes = await withRequestNotes(async () => {
      await expect(aws(target).eks.deleteAssociation('a-1')).rejects.toMatchObject({ name: 'InvalidRequest' });
      return takeNotes();
    });
    expect(notes).toMatchObject([{ requestId: 'request-2', error: 'InvalidParameterException' }]);
  });

  it('do not fail where nobody can tell who signed them', async () => {
    const { aws, kubernetes } = await world(undefined, () => Promise.reject(new Error('no')));
    const notes = await withRequestNotes(async () => {
      await aws(target).eks.deleteAssociation('a-1');
      await (await kubernetes(target)).delete(RESOURCES.pods, 'shop', 'a');
      return takeNotes();
    });
    expect(notes).toMatchObject([
      { requestId: 'request-1', principal: null, error: null },
      { requestId: 'audit-DELETE', principal: null, error: null },
    ]);
  });

  it('are noted by nobody where nobody asks', async () => {
    const { aws } = await world();
    await aws(target).eks.deleteAssociation('a-1');
    expect(takeNotes()).toEqual([]);
  });
});
