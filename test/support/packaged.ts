import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { withLock } from '../cluster/lock.ts';
import { type Packaged, packageService, readPackaged } from './package-service.ts';

let once: Promise<Packaged> | undefined;

/** The packaged service: made by the first test file of a run that asks for it, and read by the others. */
export function packaged(): Promise<Packaged> {
  once ??= packagedIn(inject('packageFolder'));
  return once;
}

function packagedIn(folder: string): Promise<Packaged> {
  const [output, whole] = [join(folder, 'package'), join(folder, 'whole')];
  return withLock(join(folder, 'lock'), { say: () => undefined }, async () => {
    if (existsSync(whole)) return readPackaged(output);
    const made = await packageService(output);
    await writeFile(whole, '');
    return made;
  });
}
