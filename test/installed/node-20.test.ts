import { usedOn } from './on-node.ts';

await usedOn({ version: '20.20.2', byItsOwn: true });
