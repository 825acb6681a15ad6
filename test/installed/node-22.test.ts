import { usedOn } from './on-node.ts';

await usedOn({ version: '22.23.5', byItsOwn: false });
