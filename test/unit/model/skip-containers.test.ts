import { expect, it } from 'vitest';
import { skippedContainers } from '../../../src/model/webhook/skip-containers.ts';

it.each([
  ['no annotation', undefined, []],
  ['one name', 'proxy', ['proxy']],
  ['two names', 'proxy,setup', ['proxy', 'setup']],
  ['a blank after the comma, which belongs to the name', 'proxy, setup', ['proxy', ' setup']],
  ['quoted names', '"proxy","setup"', ['proxy', 'setup']],
  ['a quote where none may be, which makes all of it unreadable', 'proxy,se"tup', []],
  ['an empty first line', '\nproxy', ['proxy']],
  ['more than one line, of which the first counts', 'proxy\r\nsetup', ['proxy']],
  ['a line break in quotes, which belongs to the name', '"pro\nxy",setup', ['pro\nxy', 'setup']],
  ['a carriage return in quotes, ahead of the line break that it goes with', '"pro\r\nxy",setup', ['pro\nxy', 'setup']],
  ['doubled quotes, which are one', '"pro""xy",setup', ['pro"xy', 'setup']],
  ['a carriage return at the end', 'proxy,setup\r', ['proxy', 'setup']],
  ['a carriage return elsewhere, which belongs to the name', 'proxy\r,setup', ['proxy\r', 'setup']],
  ['a leading comma', ',proxy', ['proxy']],
  ['an empty quoted name', '"",proxy', ['proxy']],
  ['text behind a closing quote, which makes all of it unreadable', '"proxy"x,setup', []],
  ['a blank behind a closing quote', '"proxy" ,setup', []],
  ['a quoted name that never ends', 'setup,"proxy', []],
  ['nothing but line breaks', '\n\r\n', []],
  ['a carriage return alone', '\r', []],
  ['an unreadable second line, which is not looked at', 'proxy\nse"tup', ['proxy']],
])('reads skip-containers as the webhook does: %s', (_what, text, names) => {
  const annotations = text === undefined ? undefined : { 'eks.amazonaws.com/skip-containers': text };
  expect([...skippedContainers(annotations, 'eks.amazonaws.com')].filter((name) => name !== '')).toEqual(names);
});
