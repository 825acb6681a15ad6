import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../cluster/run.ts';
import { findPython } from '../python/python.ts';
import { packageService } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';
import { sayMissing } from './behaviours.ts';

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const missing = 'missing' in python;
sayMissing('cfn-lint', missing ? python.missing : undefined);

const INFRA = fileURLToPath(new URL('../../infra', import.meta.url));
/** The templates that stand alone; the others are fragments of the service's own. */
const ALONE = (await readdir(INFRA, { recursive: true })).filter((file) => /^(member-account|cluster-access\/.*)\.yml$/.test(file)).sort();
const PARAMETERS = {
  subnetIds: 'subnet-0a1b2c3d4e5f60718,subnet-1a1b2c3d4e5f60718',
  securityGroupIds: 'sg-0a1b2c3d4e5f60718',
  logRetentionDays: '365',
  journalDeletionPolicy: 'Delete',
  notificationTopicArn: 'arn:aws:sns:eu-west-1:444455556666:operations',
};

const WITHOUT_SCHEMAS = 'ap-south-2 ap-southeast-4 ap-southeast-5 ap-southeast-7 ca-west-1 il-central-1 mx-central-1'.split(' ');
const WITH_SCHEMAS = [
  ...'af-south-1 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3'.split(' '),
  ...'ca-central-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3'.split(' '),
  ...'me-central-1 me-south-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2'.split(' '),
];

/** AWS's own linter, with its every default rule and nothing ignored, for us-east-1 or the regions named. Its answer is what it has to say. */
async function lint(file: string, regions: readonly string[] = ['us-east-1']): Promise<string> {
  if (!('bin' in python)) throw new TypeError('there is no Python');
  const { stdout, stderr } = await run(join(python.bin, 'cfn-lint'), ['--regions', ...regions, '--', file], { environment: process.env });
  return `${stdout}${stderr}`.trim();
}

describe.skipIf(missing)('the CloudFormation templates', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podshift-templates-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(['cloudformation-template-update-stack.json', 'cloudformation-template-create-stack.json'])(
    'have nothing that cfn-lint finds: the packaged %s',
    async (file) => {
      expect(await lint(join((await packaged()).folder, file))).toBe('');
    },
  );

  it('have nothing that cfn-lint finds where every parameter is given', async () => {
    const parameters = Object.entries(PARAMETERS).map(([name, value]) => `--param=${name}=${value}`);
    const { template } = await packageService(folder, ['--stage', 'staging', '--region', 'eu-west-1', ...parameters]);
    expect(JSON.stringify(template)).toContain('subnet-1a1b2c3d4e5f60718');
    expect(await lint(join(folder, 'cloudformation-template-update-stack.json'))).toBe('');
  });

  /** Where Step Functions, HTTP APIs and EventBridge Scheduler are, and no registry of schemas (infra/event-schemas.cjs). */
  it('have nothing that cfn-lint finds in the regions without a registry of schemas', async () => {
    const { template } = await packageService(folder, ['--region', 'il-central-1']);
    expect(Object.values(template.Resources).filter(({ Type }) => Type.startsWith('AWS::EventSchemas'))).toEqual([]);
    expect(await lint(join(folder, 'cloudformation-template-update-stack.json'), WITHOUT_SCHEMAS)).toBe('');
  });

  it('have nothing that cfn-lint finds in every other region', async () => {
    const { folder: everywhere } = await packaged();
    expect(await lint(join(everywhere, 'cloudformation-template-update-stack.json'), WITH_SCHEMAS)).toBe('');
  });

  it.each(ALONE)('have nothing that cfn-lint finds: infra/%s', async (file) => {
    expect(await lint(join(INFRA, file))).toBe('');
  });

  it('are looked at by a linter that finds something', async () => {
    expect(await lint(fileURLToPath(import.meta.url))).not.toBe('');
  });
});
