import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Packaged, Resource } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

describe('the stack', () => {
  let service: Packaged;
  const ofType = (type: string): [string, Resource][] => Object.entries(service.template.Resources).filter(([, { Type }]) => Type === type);
  const functions = () => ofType('AWS::Lambda::Function').filter(([id]) => id.endsWith('LambdaFunction'));

  beforeAll(async () => {
    service = await packaged();
  }, 600_000);

  it('keeps every log for a while, and none for ever', () => {
    expect(ofType('AWS::Logs::LogGroup').length).toBeGreaterThan(functions().length);
    for (const [id, { Properties }] of ofType('AWS::Logs::LogGroup')) expect(Number(Properties.RetentionInDays), id).toBe(90);
    // Each function writes to a log that is here; one that Lambda makes by itself is kept for ever.
    for (const [id, { Properties }] of functions())
      expect(
        ofType('AWS::Logs::LogGroup').map(([, log]) => log.Properties.LogGroupName),
        id,
      ).toContain(`/aws/lambda/${Properties.FunctionName}`);
  });

  it('traces every function and every state machine', () => {
    for (const [id, { Properties }] of functions()) expect(Properties.TracingConfig, id).toEqual({ Mode: 'Active' });
    for (const [id, { Properties }] of ofType('AWS::StepFunctions::StateMachine'))
      expect(Properties.TracingConfiguration, id).toEqual({ Enabled: true });
  });

  it('logs what state machines do, and never their data', () => {
    for (const [id, { Properties }] of ofType('AWS::StepFunctions::StateMachine')) {
      expect(Properties.LoggingConfiguration, id).toMatchObject({ Level: 'ERROR', IncludeExecutionData: false });
      expect(JSON.stringify(Properties.LoggingConfiguration), id).toContain(`${id}Log`);
    }
  });

  it('encrypts the journal, can restore it to any second, and keeps it when the stack goes', () => {
    const table = service.template.Resources.JournalTable;
    expect(table).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    expect(table?.Properties).toMatchObject({
      SSESpecification: { SSEEnabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  it('has the pages of runs in a bucket that is open to nobody, encrypts them, and lets them go', () => {
    const { PagesBucket, PagesBucketPolicy } = service.template.Resources;
    expect(PagesBucket).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    expect(PagesBucket?.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      LifecycleConfiguration: { Rules: [{ Status: 'Enabled', ExpirationInDays: 90 }] },
    });
    expect(PagesBucket?.Properties).not.toHaveProperty('BucketName');
    expect(PagesBucketPolicy?.Properties).toMatchObject({
      Bucket: { Ref: 'PagesBucket' },
      PolicyDocument: {
        Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
      },
    });
  });

  it('lets the functions that end a run store its page, the one that is asked for it make and read it, and no other come to the bucket', () => {
    const asked = ofType('AWS::IAM::Role').flatMap(([id, { Properties }]) => {
      const policies = (Properties.Policies ?? []) as {
        PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] };
      }[];
      const statements = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      const ofS3 = statements.filter(({ Action }) => [Action].flat().some((action) => action.startsWith('s3:')));
      return ofS3.map(({ Action, Resource }) => [id.replace(/FunctionRole$/, ''), Action, Resource]);
    });
    const keys = { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['PagesBucket', 'Arn'] }, '/runs/*']] };
    expect(asked.sort()).toEqual([
      ['ApiGetPage', ['s3:PutObject', 's3:GetObject'], keys],
      ['CloseRollback', ['s3:PutObject'], keys],
      ['CloseRun', ['s3:PutObject'], keys],
    ]);
    const named = functions().filter(([, { Properties }]) => JSON.stringify(Properties.Environment).includes('PAGES_BUCKET'));
    expect(named.map(([id]) => id.replace(/LambdaFunction$/, '')).sort()).toEqual(asked.map(([id]) => id).sort());
  });

  it('keeps what a rule cannot deliver, after every retry', () => {
    // The framework's own schedules call functions: Lambda takes the event at once, and retries it itself.
    const ours = ofType('AWS::Events::Rule').filter(([, { Properties }]) => Properties.EventPattern !== undefined);
    expect(ours.map(([id]) => id)).toContain('RollbackRule');
    for (const [id, { Properties }] of ours) {
      for (const target of Properties.Targets as object[]) {
        expect(target, id).toMatchObject({
          RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } },
        });
      }
    }
    expect(service.template.Resources.DeadLetters?.Properties).toMatchObject({
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 1_209_600,
    });
  });

  it('stays within what CloudFormation and IAM take', () => {
    // AWS CloudFormation quotas: 500 resources, 200 outputs, 1 MB of template. IAM quotas: 10,240 characters of inline policies in a role.
    const { Resources, Outputs } = service.template;
    expect(Object.keys(Resources).length).toBeLessThan(480);
    expect(Object.keys(Outputs).length).toBeLessThan(190);
    expect(JSON.stringify(service.template).length).toBeLessThan(950_000);
    for (const [id, { Properties }] of ofType('AWS::IAM::Role'))
      expect(JSON.stringify(Properties.Policies ?? '').length, id).toBeLessThan(10_240);
  });

  it('gives no role an action by a pattern', () => {
    for (const [id, { Properties }] of ofType('AWS::IAM::Role')) {
      const policies = (Properties.Policies ?? []) as { PolicyDocument: { Statement: { Action: string | string[] }[] } }[];
      const actions = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }) => Action));
      expect(
        actions.filter((action) => action.includes('*')),
        id,
      ).toEqual([]);
    }
  });

  it('has functions out of any VPC where no parameter names one', () => {
    for (const [id, { Properties }] of functions()) expect(Properties, id).not.toHaveProperty('VpcConfig');
  });

  it('has its every parameter in docs/service.md, with its default', async () => {
    const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    const { params } = parse(await read('serverless.yml')) as { params: { default: Record<string, unknown> } };
    const rows = (await read('docs/service.md')).split('\n').filter((line) => line.startsWith('| `'));
    for (const [name, value] of Object.entries(params.default)) {
      const [, , given] = rows.map((line) => line.split('|')).find((cells) => cells[1]?.includes(`\`${name}\``)) ?? [];
      expect(given, name).toBeDefined();
      if (value !== '') expect(given?.replaceAll('`', '').trim(), name).toBe(String(value));
    }
  });
});
