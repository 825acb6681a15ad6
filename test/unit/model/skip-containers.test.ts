import { expect, it } from 'vitest';
import { skippedContainers } from '../../../src/model/skip-containers.ts';

it.each([
  ['no annotation', undefined, []],
  ['one name', 'proxy', ['proxy']],
  ['two names', 'proxy,setup', ['proxy', 'setup']],
  ['a blank after the comma, which belongs to the name', 'proxy, setup', ['proxy', ' setup']],
  ['quoted names', '"proxy","setup"', ['proxy', 'setup']],
  ['a quote where none may be, which makes all of it unreadable', 'proxy,se"tup', []],
  ['an empty first line', '\nproxy', ['proxy']],
  ['more than one line, of which the first counts', 'proxy\r\nsetup', ['proxy']],
])('reads skip-containers as the webhook does: %s', (_what, text, names) => {
  const annotations = text === undefined ? undefined : { 'eks.amazonaws.com/skip-containers': text };
  expect([...skippedContainers(annotations, 'eks.amazonaws.com')].filter((name) => name !== '')).toEqual(names);
});
