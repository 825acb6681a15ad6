import { randomInt } from 'node:crypto';
import { createConnection, createServer } from 'node:net';
import { ClusterProblem } from './problem.ts';

/** The address that everything listens on. */
export const LOOPBACK = '127.0.0.1';

/** Where ports are chosen: below what Linux (32768) and others give to connections that go out, which may take any port in between. */
const CHOSEN = { from: 20_000, to: 30_000 };
const TRIES = 1000;
/** Given to nobody else of this process: what has one may not listen yet. */
const given = new Set<number>();

/** As many free ports of the loopback address, all different. Throws {@link ClusterProblem} where none is found. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries === TRIES)
      throw new ClusterProblem(
        `no port of ${LOOPBACK} from ${CHOSEN.from} to ${CHOSEN.to - 1} is free`,
        'End the programs that have them.',
      );
    const port = randomInt(CHOSEN.from, CHOSEN.to);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
}

/** Throws {@link ClusterProblem} where another program listens on the port. */
export async function assertFree(port: number, purpose: string): Promise<void> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      const why = code === 'EADDRINUSE' ? 'is in use' : 'may not be used by this user';
      throw new ClusterProblem(
        `port ${port} of ${LOOPBACK}, wanted for ${purpose}, ${why}`,
        `Choose another port, leave it out (a free one is chosen), or end the program that has it ("ss -ltnp sport = :${port}" names it).`,
        { cause: error },
      );
    }
    throw error;
  }
}

function listen(port: number): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => resolve(server));
  });
}

/** Whether a program listens on the port. */
export function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, LOOPBACK);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
