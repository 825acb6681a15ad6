import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { composeDefinition } from '../support/definitions.ts';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';
import { DEFAULT_LIMITS } from '../unit/fixtures/deployment.ts';

const run = promisify(execFile);

describe('osls package', () => {
  let service: Packaged;
  const ofType = (type: string) => Object.entries(service.template.Resources).filter(([, resource]) => resource.Type === type);

  /** The function of a published version, as the definitions refer to it; undefined for a reference to anything else. */
  const functionOf = (reference: unknown): { 'Fn::GetAtt': [string, 'Arn'] } | undefined => {
    const { Ref } = reference as { readonly Ref?: string };
    const version = Ref === undefined ? undefined : service.template.Resources[Ref];
    if (version?.Type !== 'AWS::Lambda::Version') return undefined;
    return { 'Fn::GetAtt': [(version.Properties.FunctionName as { readonly Ref: string }).Ref, 'Arn'] };
  };

  beforeAll(async () => {
    service = await packaged();
  }, 600_000);

  it('puts the definitions into the template as they are in statemachine/, with the unit and the daemon inside', async () => {
    for (const [id, file] of [
      ['MigrateCluster', 'migrate-cluster'],
      ['ScanCluster', 'scan-cluster'],
      ['RollbackRun', 'rollback-run'],
      ['MigrateFleet', 'migrate-fleet'],
    ] as const) {
      const definition = service.template.Resources[id]?.Properties.DefinitionString as
        | { 'Fn::Sub': [string, Record<string, unknown>] }
        | undefined;
      const [text = '', references = {}] = definition?.['Fn::Sub'] ?? [];
      const functions = Object.entries(references).map(([name, reference]) => [name, functionOf(reference) ?? reference]);
      expect(resolved(text, Object.fromEntries(functions))).toEqual(await composeDefinition(file));
    }
  });

  it('has every function that the definitions refer to, each by a version of it', () => {
    for (const [, machine] of ofType('AWS::StepFunctions::StateMachine')) {
      const { 'Fn::Sub': sub } = machine.Properties.DefinitionString as { 'Fn::Sub': [string, Record<string, unknown>] };
      const referred = Object.values(sub[1]).flatMap((reference) => functionOf(reference)?.['Fn::GetAtt'][0] ?? []);
      expect(referred.length).toBeGreaterThan(0);
      for (const id of referred) expect(service.template.Resources[id]?.Type, id).toBe('AWS::Lambda::Function');
      expect(JSON.stringify(machine.Properties.DefinitionString)).not.toMatch(/LambdaFunction"/);
    }
  });

  it('runs every function on Node 24 on arm64, with the journal that the stack makes', () => {
    const functions = ofType('AWS::Lambda::Function').filter(([id]) => id.endsWith('LambdaFunction') && !id.startsWith('Custom'));
    expect(functions).toHaveLength(Object.keys(service.state.service.functions).length);
    for (const [id, { Properties }] of functions) {
      expect(Properties, id).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(Properties.Environment, id).toMatchObject({ Variables: { JOURNAL_TABLE: { Ref: 'JournalTable' }, LOG_LEVEL: 'INFO' } });
    }
    // The rules of the deployer reach every function, and are the parameters' defaults here.
    for (const [id, { Properties }] of functions) {
      const { Variables } = Properties.Environment as { Variables: Record<string, string> };
      expect(Variables, id).toMatchObject({ APPROVAL_MODE: 'optional' });
      expect(JSON.parse(Variables.LIMITS ?? ''), id).toEqual(DEFAULT_LIMITS);
      expect(Variables, id).not.toHaveProperty('MEMBER_EXTERNAL_ID');
    }
    expect(service.template.Resources.JournalTable).toMatchObject({ Type: 'AWS::DynamoDB::Table', DeletionPolicy: 'RetainExceptOnCreate' });
  });

  it('bundles handlers that load and check their input', async () => {
    for (const [key, { handler }] of Object.entries(service.state.service.functions)) {
      expect(existsSync(join(service.code(key), handler.replace(/\.handler$/, '.mjs'))), key).toBe(true);
    }
    // In a process of its own: the bundle brings its own copies of everything, and an environment to read.
    const module = pathToFileURL(join(service.code('openUnits'), 'functions/migrate-units/open-units.mjs')).href;
    const script = `const { handler } = await import(${JSON.stringify(module)});
      await handler({ runId: 'r' }, {}).catch((error) => console.log(JSON.stringify({ name: error.name, message: error.message })));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      env: { PATH: process.env.PATH, JOURNAL_TABLE: 'table', LOG_LEVEL: 'ERROR', AWS_REGION: 'us-east-1' },
    });
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toContainEqual({
      name: 'InvalidInput',
      message: expect.stringMatching(/batch/),
    });
  });
});

/** The packaged text, in most regions, with the references that it stands for; the plugin also names the query language of each state. */
function resolved(text: string, references: Readonly<Record<string, unknown>>): unknown {
  return JSON.parse(text, (key, value) => {
    if (key === 'QueryLanguage') return undefined;
    const placeholder = typeof value === 'string' ? /^\$\{(\w+)\}$/.exec(value)?.[1] : undefined;
    if (placeholder !== undefined) return references[placeholder] ?? value;
    return typeof value === 'string' ? value.replace(`\${AWS::Partition}`, 'aws') : value;
  });
}
