import { expect, it } from 'vitest';
import { refuseOlderSqlite } from '../../../../engine/store/sqlite-version.ts';

it.each(['3.51.3', '3.52.0', '3.60.1', '4.0.0', process.versions.sqlite])('writes a journal by SQLite %s', (sqlite) => {
  expect(refuseOlderSqlite(sqlite, '24.21.0')).toBeUndefined();
});

it.each(['3.51.2', '3.46.1', '2.99.99', undefined])('writes none by SQLite %s, and says on what it would', (sqlite) => {
  expect(() => refuseOlderSqlite(sqlite, '22.13.0')).toThrow(
    expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(/Node 22\.13\.0 .* use Node 24\.15 or later/) }),
  );
});
