import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
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

const { WITHOUT } = createRequire(import.meta.url)('../../infra/event-schemas.cjs') as { readonly WITHOUT: ReadonlySet<string> };
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

/** The regions of the partition aws that have all that the service is made of, by the linter's own resource specifications. */
async function regions(): Promise<{ readonly withSchemas: string[]; readonly withoutSchemas: string[] }> {
  if (!('bin' in python)) throw new TypeError('there is no Python');
  const { code, stdout, stderr } = await run(join(python.bin, 'python'), ['-c', REGIONS], { environment: process.env });
  if (code !== 0) throw new Error(`cfn-lint does not tell its regions:\n${stderr}`);
  return JSON.parse(stdout);
}

const REGIONS = `
import glob, json, os, re, cfnlint
folder = os.path.join(os.path.dirname(cfnlint.__file__), 'data/schemas/providers')
needed = {'AWS::StepFunctions::StateMachine', 'AWS::ApiGatewayV2::Api', 'AWS::Scheduler::ScheduleGroup'}
found = {'withSchemas': [], 'withoutSchemas': []}
for file in sorted(glob.glob(folder + '/*.json')):
    region = os.path.basename(file)[:-5]
    types = set(json.load(open(file)))
    if re.match(r'^(cn|us-gov|[a-z]+-iso[a-z]*|eusc|sam)', region) or not needed <= types:
        continue
    found['withSchemas' if 'AWS::EventSchemas::Registry' in types else 'withoutSchemas'].append(region)
print(json.dumps(found))
`;

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
    const { withoutSchemas } = await regions();
    expect(withoutSchemas).toEqual(expect.arrayContaining(['ap-east-2', 'ca-west-1', 'il-central-1']));
    expect(withoutSchemas).toEqual([...WITHOUT].sort());
    const { template } = await packageService(folder, ['--region', 'il-central-1']);
    expect(Object.values(template.Resources).filter(({ Type }) => Type.startsWith('AWS::EventSchemas'))).toEqual([]);
    expect(template.Outputs.LeftOut).toMatchObject({ Value: expect.stringContaining('AWS::EventSchemas') });
    expect(await lint(join(folder, 'cloudformation-template-update-stack.json'), withoutSchemas)).toBe('');
  });

  it('have nothing that cfn-lint finds in every other region', async () => {
    const { withSchemas } = await regions();
    expect(withSchemas).toEqual(expect.arrayContaining(['ap-southeast-3', 'eu-central-2', 'sa-east-1', 'us-west-1']));
    const { folder: everywhere } = await packaged();
    expect(await lint(join(everywhere, 'cloudformation-template-update-stack.json'), withSchemas)).toBe('');
  });

  it.each(ALONE)('have nothing that cfn-lint finds: infra/%s', async (file) => {
    expect(await lint(join(INFRA, file))).toBe('');
  });

  it('are looked at by a linter that finds something', async () => {
    expect(await lint(fileURLToPath(import.meta.url))).not.toBe('');
  });
});
