import { randomBytes } from 'node:crypto';
import type { AwsAnswer } from '../../src/aws/clients.ts';
import { defaultCredentials } from '../../src/aws/default-credentials.ts';
import { createPacer } from '../../src/aws/pacing.ts';
import type { Contacts } from '../../src/aws/places.ts';
import { type Captured, type CapturedNames, capture as takeCapture } from '../../src/capture/capture.ts';
import { createClusterConnections } from '../../src/kubernetes/connections.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { ClusterTarget } from '../../src/model/run.ts';
import { hang } from '../../src/report/text.ts';
import { createSystemClock } from '../../twin/clock.ts';
import { type CommandContext, type RunCommand, textFlag } from '../context.ts';
import { watchFirstContact } from '../first-contact.ts';
import type { Invocation } from '../program.ts';
import { neededFor, optionsOf, targetOf } from '../sessions.ts';
import { quoted } from '../shell.ts';
import { version } from '../version.ts';
import { openWholeFolder, type WholeFolder } from '../whole-folder.ts';

/** Bytes of the key by which a capture replaces texts. */
const KEY_BYTES = 32;

/** `podshift capture`: a snapshot of a cluster and its account, in a folder that is whole or not there. */
export const capture: RunCommand = async (context, invocation) => {
  const target = await targetOf(invocation, context);
  const out = textFlag(invocation, 'out');
  if (out === undefined) throw new PodshiftError('UsageError', 'where to? give --out FOLDER');
  const folder = await openWholeFolder(out);
  const firstContact = watchFirstContact(context.terminal, false, neededFor(target));
  try {
    const signal = AbortSignal.any([context.interrupts.signal, firstContact.signal]);
    const captured = await untilInterrupted(read(target, invocation, folder, firstContact.contacts), signal);
    await folder.finish();
    await context.terminal.data(`${out}\n`);
    say(captured, out, namesOf(invocation), context);
    return 'done';
  } finally {
    firstContact.close();
    await folder.discard();
  }
};

async function read(target: ClusterTarget, invocation: Invocation, folder: WholeFolder, contacts: Contacts): Promise<Captured> {
  const clock = createSystemClock();
  const { engine } = clock;
  const profile = textFlag(invocation, 'profile');
  const endpoint = textFlag(invocation, 'endpointUrl');
  let onAnswer: (answer: AwsAnswer) => void = () => undefined;
  const connections = createClusterConnections({
    clock: engine,
    retryDelays: 'standard',
    pacer: createPacer(engine, (milliseconds) => engine.pause(milliseconds)),
    onAnswer: (answer) => onAnswer(answer),
    contacts,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { credentials: defaultCredentials({ profile, region: target.region }) }),
  });
  try {
    return await takeCapture({
      aws: connections.aws(target),
      kubernetes: () => connections.kubernetes(target),
      listen: (listener) => {
        onAnswer = listener;
      },
      options: migrationOptions.parse(await optionsOf(invocation)),
      clock: engine,
      version: await version(),
      key: randomBytes(KEY_BYTES),
      names: namesOf(invocation),
      write: folder.write,
    });
  } finally {
    clock.close();
  }
}

function namesOf(invocation: Invocation): CapturedNames {
  return textFlag(invocation, 'names') === 'hashed' ? 'hashed' : 'plain';
}

/** What a work comes to, unless somebody asks to stop: then that, at once. */
async function untilInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // What is left of the work ends with the process, whatever comes of it.
  work.catch(() => undefined);
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    }),
  ]);
}

function say({ cluster, objects, files, refusals }: Captured, out: string, names: CapturedNames, { terminal }: CommandContext): void {
  const { talk, talkColumns: columns, palette } = terminal;
  const of = `${cluster.name} (${cluster.region}, Kubernetes ${cluster.version})`;
  talk(hang('', `captured ${of}: ${objects} objects, ${files} files of AWS's answers`, columns));
  for (const { what, permission } of refusals) {
    const text = `${what} may not be read, so what it would show is unknown to whoever reads the snapshot; it takes ${permission}`;
    talk(hang('warning: ', text, columns).replace('warning:', palette('warn', 'warning:')));
  }
  if (names === 'hashed') {
    const text =
      'names, account ids, addresses and free text were replaced, and the key was not kept; well-known names stay. Look at it before you pass it on';
    talk(hang('', text, columns));
  }
  talk('no Secret was read; values that podshift does not judge were replaced. Look at it, and rehearse:');
  for (const command of ['plan', 'rehearse']) talk(`  podshift ${command} ${quoted(out)}`);
}
