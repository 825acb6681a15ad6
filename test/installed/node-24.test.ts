import { usedOn } from './on-node.ts';

// The Node of these tests, which needs no registry.
await usedOn({ version: process.versions.node, byItsOwn: false });
