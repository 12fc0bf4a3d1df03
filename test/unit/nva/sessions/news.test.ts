import assert from 'node:assert/strict';
import { News } from '../../../../src/nva/sessions/news.js';
import { FakeClock } from '../../../support/fake-clock.js';

describe('ends of sessions', () => {
  let clock: FakeClock;
  let news: News;
  beforeEach(() => {
    clock = new FakeClock();
    news = new News(clock);
  });

  it('are told once a minute where an NVE is refused again and again', async () => {
    let told = 0;
    for (let second = 0; second < 150; second++) {
      if (news.takes('a', 'no space')) told++;
      await clock.advance(1000);
    }
    assert.equal(told, 3);
  });

  it('are told of each NVE, of each other reason, and after each session', () => {
    assert.ok(news.takes('a', 'no space'));
    assert.ok(news.takes('b', 'no space'));
    assert.ok(news.takes('a', 'user/eve may not'));
    assert.ok(!news.takes('a', 'user/eve may not'));
    assert.ok(news.takes('a', 'user/mallory may not'));
    news.connected('a');
    assert.ok(news.takes('a', 'user/mallory may not'));
  });

  it('are remembered of so many NVEs only', () => {
    for (let i = 0; i <= 10_000; i++) assert.ok(news.takes(`nve-${i}`, 'user/eve may not'));
    assert.ok(!news.takes('nve-1', 'user/eve may not'));
    assert.ok(news.takes('nve-0', 'user/eve may not'));
  });
});
