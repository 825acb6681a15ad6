import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>>;
}

/** The files of a zip archive (PKWARE APPNOTE: the central directory, and the local header's lengths). */
function unzip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < archive.readUInt16LE(end + 10); index += 1) {
    const [method, packed] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const body = archive.subarray(start, start + packed);
    files.set(name, method === 0 ? body : inflateRawSync(body));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}

describe('osls package', () => {
  let folder: string;
  let template: Template;
  let state: { service: { functions: Record<string, { handler: string }> } };
  const ofType = (type: string) => Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podshift-package-'));
    // Neither credentials nor a way to them, and a proxy that leads nowhere: packaging needs no network.
    const { PATH, HOME } = process.env;
    const nowhere = 'http://127.0.0.1:9';
    const env = {
      PATH,
      HOME,
      HTTPS_PROXY: nowhere,
      HTTP_PROXY: nowhere,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: join(folder, 'none'),
    };
    await run(process.execPath, [join(ROOT, 'node_modules/serverless/bin/serverless.js'), 'package', '--package', folder], {
      cwd: ROOT,
      env,
    });
    template = JSON.parse(await readFile(join(folder, 'cloudformation-template-update-stack.json'), 'utf8'));
    state = JSON.parse(await readFile(join(folder, 'serverless-state.json'), 'utf8'));
  }, 600_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('puts the definitions into the template as they are in statemachine/, with the unit inside', async () => {
    const unit = JSON.parse(await readFile(join(ROOT, 'statemachine/migrate-unit.asl.json'), 'utf8'));
    for (const [id, file] of [
      ['MigrateCluster', 'migrate-cluster'],
      ['RollbackRun', 'rollback-run'],
    ] as const) {
      const definition = template.Resources[id]?.Properties.DefinitionString as
        | { 'Fn::Sub': [string, Record<string, unknown>] }
        | undefined;
      const [text = '', references = {}] = definition?.['Fn::Sub'] ?? [];
      const source = JSON.parse(await readFile(join(ROOT, `statemachine/${file}.asl.json`), 'utf8'));
      if (file === 'migrate-cluster') source.States.MigrateUnits.ItemProcessor = unit;
      expect(resolved(text, references)).toEqual(source);
    }
  });

  it('has every function that the definitions refer to', () => {
    for (const [, machine] of ofType('AWS::StepFunctions::StateMachine')) {
      const referred = JSON.stringify(machine.Properties.DefinitionString).match(/\w+LambdaFunction/g) ?? [];
      expect(referred.length).toBeGreaterThan(0);
      for (const id of referred) expect(template.Resources[id]?.Type, id).toBe('AWS::Lambda::Function');
    }
  });

  it('runs every function on Node 24 on arm64, with the journal that the stack makes', () => {
    const functions = ofType('AWS::Lambda::Function').filter(([id]) => id.endsWith('LambdaFunction') && !id.startsWith('Custom'));
    expect(functions).toHaveLength(Object.keys(state.service.functions).length);
    for (const [id, { Properties }] of functions) {
      expect(Properties, id).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(Properties.Environment, id).toMatchObject({ Variables: { JOURNAL_TABLE: { Ref: 'JournalTable' }, LOG_LEVEL: 'INFO' } });
    }
    expect(template.Resources.JournalTable).toMatchObject({ Type: 'AWS::DynamoDB::Table', DeletionPolicy: 'Retain' });
  });

  it('rolls back when an execution of migrate-cluster fails, times out or is aborted', () => {
    const [rule] = ofType('AWS::Events::Rule').map(([, resource]) => resource.Properties);
    expect(rule).toMatchObject({
      EventPattern: { detail: { stateMachineArn: [{ Ref: 'MigrateCluster' }], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] } },
      Targets: [{ Arn: { Ref: 'RollbackRun' } }],
    });
  });

  it('bundles handlers that load and check their input', async () => {
    const archive = unzip(await readFile(join(folder, 'podshift.zip')));
    for (const [name, body] of archive) {
      const file = join(folder, 'unpacked', name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, body);
    }
    for (const { handler } of Object.values(state.service.functions)) {
      expect(archive.has(handler.replace(/\.handler$/, '.mjs')), handler).toBe(true);
    }
    // In a process of its own: the bundle brings its own copies of everything, and an environment to read.
    const module = pathToFileURL(join(folder, 'unpacked/functions/open-unit.mjs')).href;
    const script = `const { handler } = await import(${JSON.stringify(module)});
      await handler({ runId: 'r' }, {}).catch((error) => console.log(JSON.stringify({ name: error.name, message: error.message })));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      env: { PATH: process.env.PATH, JOURNAL_TABLE: 'table', LOG_LEVEL: 'ERROR', AWS_REGION: 'us-east-1' },
    });
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toContainEqual({
      name: 'InvalidInput',
      message: expect.stringMatching(/unitId/),
    });
  });
});

/** The packaged text with the references that it stands for; the plugin also names the query language of each state. */
function resolved(text: string, references: Readonly<Record<string, unknown>>): unknown {
  return JSON.parse(text, (key, value) => {
    if (key === 'QueryLanguage') return undefined;
    const placeholder = typeof value === 'string' ? /^\$\{(\w+)\}$/.exec(value)?.[1] : undefined;
    return placeholder === undefined ? value : (references[placeholder] ?? value);
  });
}
