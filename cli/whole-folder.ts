import { constants, copyFile, mkdir, mkdtemp, readdir, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PodshiftError } from '../src/model/errors.ts';
import { isSystemError } from './sessions.ts';

/** A folder that is there whole at the end, or not at all. */
export interface WholeFolder {
  /** Writes a file of JSON, for its owner alone; `name` is its path in the folder. */
  write(file: { readonly name: string; readonly content: unknown }): Promise<void>;
  /** Writes a file of text as it is, likewise. */
  writeText(file: { readonly name: string; readonly text: string }): Promise<void>;
  /** Copies a file into it as it is, for its owner; `name` is its path in the folder. */
  copy(file: { readonly name: string; readonly from: string }): Promise<void>;
  /** Puts the folder in its place. Throws `UsageError` where something else came there meanwhile. */
  finish(): Promise<void>;
  /** Leaves nothing of it behind; also while something is still being written, and after {@link finish}. */
  discard(): Promise<void>;
}

/**
 * Opens a folder that takes the place of `path` once it is finished; until then it lies beside it under another name. Throws
 * `UsageError` where `path` is there and no empty folder, or where nothing can be made beside it.
 */
export async function openWholeFolder(path: string): Promise<WholeFolder> {
  try {
    const place = await freePlace(path);
    // mkdtemp makes the folder for this user alone
    return folderAt(path, place, await mkdtemp(join(dirname(place), `.${basename(place)}.capture-`)));
  } catch (error) {
    throw unusable(path, error);
  }
}

function folderAt(path: string, place: string, beside: string): WholeFolder {
  const writing = new Set<Promise<unknown>>();
  let closed = false;
  const put = async (name: string, to: (file: string) => Promise<void>): Promise<void> => {
    const file = join(beside, name);
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await to(file);
    } catch (error) {
      throw unusable(path, error);
    }
  };
  const noted = async (work: Promise<void>): Promise<void> => {
    writing.add(work);
    await work.finally(() => writing.delete(work));
  };
  const writeText: WholeFolder['writeText'] = async ({ name, text }) => {
    if (!closed) await noted(put(name, (file) => writeFile(file, text, { mode: 0o600, flag: 'wx' })));
  };
  return {
    write: ({ name, content }) => writeText({ name, text: `${JSON.stringify(content, null, 2)}\n` }),
    writeText,
    copy: async ({ name, from }) => {
      if (closed) return;
      await noted(put(name, (file) => copyFile(from, file, constants.COPYFILE_EXCL)));
    },
    finish: async () => {
      try {
        // An empty folder gives way; Windows renames onto none.
        await rmdir(place).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : Promise.reject(error)));
        await rename(beside, place);
        closed = true;
      } catch (error) {
        throw unusable(path, error);
      }
    },
    discard: async () => {
      closed = true;
      await Promise.allSettled(writing);
      await rm(beside, { recursive: true, force: true });
    },
  };
}

/** Where the folder will be, links followed. Throws what the system says, or `UsageError` for what is there already. */
async function freePlace(path: string): Promise<string> {
  const place = await realpath(path).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? resolve(path) : Promise.reject(error),
  );
  const there = await readdir(place).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)));
  if (there.length > 0) throw occupied(path);
  return place;
}

function occupied(path: string): PodshiftError {
  return new PodshiftError('UsageError', `--out ${path} is not empty: name a folder that is empty or not there yet`);
}

function unusable(path: string, error: unknown): unknown {
  if (error instanceof PodshiftError || !isSystemError(error)) return error;
  if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return occupied(path);
  if (error.code === 'ENOTDIR')
    return new PodshiftError('UsageError', `--out ${path} is a file, or below one: name a folder`, { cause: error });
  const why = error.code === 'ENOENT' ? 'the folder above it does not exist' : `${error.code}`;
  return new PodshiftError('UsageError', `--out ${path} cannot be written: ${why}`, { cause: error });
}
