import { afterAll, beforeAll, describe } from 'vitest';
import { type Moto, startMoto } from '../python/moto.ts';
import { findPython } from '../python/python.ts';
import { describeIam } from './aws-iam-suite.ts';
import { motoIam, motoJournal } from './aws-moto.ts';
import { describeSts } from './aws-sts-suite.ts';
import { sayMissing } from './behaviours.ts';
import { describeStore } from './journal-suite.ts';

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const missing = 'missing' in python;
sayMissing('moto', missing ? python.missing : undefined);

describe.skipIf(missing)('an AWS account of others', () => {
  let server: Moto | undefined;
  const moto = (): Moto => {
    if (server === undefined) throw new TypeError('moto is not started yet');
    return server;
  };
  beforeAll(async () => {
    server = 'bin' in python ? await startMoto(python.bin) : undefined;
  });
  afterAll(() => server?.close());

  describeIam(motoIam(moto));
  describeSts(motoIam(moto));
  describeStore(motoJournal(moto));
});
