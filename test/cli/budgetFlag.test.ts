import assert from 'node:assert/strict';
import { budgetSchema } from '../../src/core/team/file.ts';
import { UserError } from '../../src/core/errors.ts';
import { parseBudget } from '../../src/cli/budgetFlag.ts';

describe('--budget', () => {
  const good: [string[], object | undefined][] = [
    [[], undefined],
    [['30calls'], { calls: 30 }],
    [['1call'], { calls: 1 }],
    [['20m'], { minutes: 20 }],
    [['20 min'], { minutes: 20 }],
    [['1.5h'], { minutes: 90 }],
    [['400k'], { tokens: 400_000 }],
    [['1.5k'], { tokens: 1500 }],
    [['1234tokens'], { tokens: 1234 }],
    [['2Mtokens'], { tokens: 2_000_000 }],
    [['2usd'], { usd: 2 }],
    [['0.50USD'], { usd: 0.5 }],
    [['$2.50'], { usd: 2.5 }],
    [['30calls', '20m', '400k', '2usd'], { calls: 30, minutes: 20, tokens: 400_000, usd: 2 }],
  ];
  for (const [flags, budget] of good) {
    it(`understands ${flags.join(' ') || 'nothing'}`, () => {
      assert.deepEqual(parseBudget(flags), budget);
      if (budget) budgetSchema.parse(budget);
    });
  }

  const bad: [string[], RegExp][] = [
    [[''], /does not understand ""/],
    [['30'], /does not understand "30"/],
    [['calls'], /does not understand/],
    [['-5calls'], /does not understand/],
    [['1e9calls'], /does not understand/],
    [['0x10calls'], /does not understand/],
    [['Infinitycalls'], /does not understand/],
    [['30calls extra'], /does not understand/],
    [['30 parrots'], /does not know the unit "parrots"/],
    [['0calls'], /more than 0/],
    [['0.0usd'], /more than 0/],
    [['1.5calls'], /counted whole/],
    [['2M'], /minutes or millions of tokens/],
    [['30calls', '40calls'], /calls twice/],
    [['9999999999999999calls'], /does not understand/],
  ];
  for (const [flags, message] of bad) {
    it(`says what is wrong with ${JSON.stringify(flags)}`, () => {
      assert.throws(
        () => parseBudget(flags),
        (error) => error instanceof UserError && error.code === 'usage' && message.test(error.message),
      );
    });
  }
});
