import { type AddressInfo, createConnection, createServer } from 'node:net';
import { ClusterProblem } from './problem.ts';

/** The address that everything listens on. */
export const LOOPBACK = '127.0.0.1';

/** As many free ports of the loopback address, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
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
