import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILT, PACKAGED, ROOT } from '../../engine/root.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { type RunCommand, textFlag } from '../context.ts';
import { quoted } from '../shell.ts';
import { commit } from '../version.ts';
import { openWholeFolder } from '../whole-folder.ts';

/** What the service is made of, as package.json has it among the package's files. */
const SOURCES = [
  'functions/**/*.ts',
  'src/**/*.ts',
  'statemachine/*.yaml',
  'infra/**/*.{cjs,yml,yaml}',
  'docs/events/*.json',
  'serverless.yml',
  'tsconfig.json',
  'LICENSE',
];

/** Names and versions of what it needs: those of the service alone in the npm package, and those of a checkout there. */
const MANIFESTS = ['package.json', 'package-lock.json'];

/** `podshift service`: what `npx osls deploy` deploys, in a folder that is whole or not there. */
export const service: RunCommand = async ({ terminal }, invocation) => {
  const out = textFlag(invocation, 'out');
  if (out === undefined) throw new PodshiftError('UsageError', 'where to? give --out FOLDER');
  const folder = await openWholeFolder(out);
  try {
    for await (const name of glob(SOURCES, { cwd: ROOT })) await folder.copy({ name, from: join(ROOT, name) });
    for (const name of MANIFESTS) await folder.copy({ name, from: join(PACKAGED ? join(BUILT, 'service') : ROOT, name) });
    // Runs of the service have it on record (infra/version.cjs); the folder has no Git to ask.
    await folder.writeText({ name: 'dist/commit', text: `${await commit()}\n` });
    await folder.finish();
  } finally {
    await folder.discard();
  }
  await terminal.data(`${out}\n`);
  for (const line of [
    'the service, to be deployed from there with npm and credentials of its account:',
    `  cd ${quoted(out)} && npm ci`,
    '  npx osls package                                      # look first: .serverless/ has the CloudFormation template',
    '  npx osls deploy --stage prod --region REGION',
  ]) {
    terminal.talk(line);
  }
  return 'done';
};
