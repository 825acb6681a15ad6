import { toYaml } from '../../src/report/render.ts';
import { type Cell, renderTable } from '../../src/report/table.ts';
import { createPalette } from '../../src/report/text.ts';
import type { RunCommand } from '../context.ts';
import { formatOf } from '../formats.ts';
import { folderFor } from '../journal-folder.ts';
import { readSettings, settingsFile } from '../settings/file.ts';
import type { ConfigReport } from '../settings/report.ts';
import { SETTINGS, type SettingName } from '../settings/table.ts';

/** `podshift config`: what is set for all commands, and where each of it is from. */
export const config: RunCommand = async ({ terminal, environment }, invocation) => {
  const found = await readSettings(environment);
  const defaults: Partial<Record<SettingName, string>> = { journal: folderFor(process.cwd()), output: 'table' };
  const settings = (Object.keys(SETTINGS) as SettingName[]).map((name): ConfigReport['settings'][number] => {
    const set = found.find((one) => one.name === name);
    if (set === undefined) return { name, value: defaults[name] ?? null, source: 'default', from: '' };
    return { name, value: set.value, source: set.source, from: set.from };
  });
  const report: ConfigReport = { apiVersion: 'podshift/v1', kind: 'Config', file: settingsFile(environment), settings };
  const format = formatOf(invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(report, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(report));
  else {
    const rows = settings.map(({ name, value, source, from }): Cell[] => [
      { text: name, tone: 'strong' },
      { text: value ?? '-' },
      { text: from === '' ? (value === null ? 'not set' : source) : from },
      { text: SETTINGS[name].about, tone: 'faint' },
    ]);
    const heads = ['SETTING', 'VALUE', 'FROM', 'WHAT IT IS'];
    await terminal.data(`${renderTable(heads, rows, terminal.screen.columns, createPalette(terminal.screen.color))}\n`);
    terminal.talk(`the file is ${report.file}`);
  }
  return 'done';
};
