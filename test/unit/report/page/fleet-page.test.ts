import { describe, expect, it } from 'vitest';
import { renderFleetPage } from '../../../../src/report/page/fleet-page.ts';
import { fleetReportOf, hostileFleet } from '../../fixtures/fleet-page-reports.ts';
import { HOSTILE } from '../../fixtures/page-reports.ts';

const [ALPHA = ''] = fleetReportOf().clusters.map(({ cluster }) => cluster);

describe('the page of a fleet', () => {
  const page = renderFleetPage(fleetReportOf(), { pages: new Map([[ALPHA, 'clusters/alpha.html']]), version: '1.2.3' });

  it('has its clusters at a glance, with a link to each page that there is', () => {
    expect(page).toContain(
      '<tr><td><a href="clusters/alpha.html">alpha (eu-west-1, account 111122223333)</a><td>canary<td>5 migrated, 2 blocked<td><span class="pill good">migrated</span>',
    );
    expect(page).toContain(
      '<tr><td>beta (eu-west-1, account 111122223333)<td>2<td>5 migrated, 2 blocked<td><span class="pill warn">blocked</span> a finding blocks it',
    );
    expect(page).toContain('<tr><td>gamma (eu-west-1, account 111122223333)<td>–<td>-<td><span class="pill bad">needs an operator</span>');
  });

  it('says how it ended, what could not be read, and what to do next', () => {
    expect(page).toContain('<h1 id="summary-title">fleet1 <span class="pill bad">needs an operator</span></h1>');
    expect(page).toContain('<td>999988887777<td>eu-west-1<td>the role podshift-member does not trust the caller');
    expect(page).toContain('<code>podshift rollback RUN --approve</code>');
  });

  it('executes nothing of a name', () => {
    const hostile = renderFleetPage(hostileFleet(), { pages: new Map([[HOSTILE, HOSTILE]]), version: HOSTILE });
    expect(hostile).not.toMatch(/<img|<\/title><|hacked=1">'/);
    expect(hostile.match(/<\/script/g)).toHaveLength(1);
    expect(hostile.split('&lt;img src=https://example.org/x onerror=').length).toBeGreaterThan(15);
  });
});
