import assert from "node:assert/strict";
import { parseTomlDocument } from "../config/mod.ts";
import { ConfigError, type Log } from "../core/mod.ts";
import {
  type ChangeRequest,
  ConfigKeeper,
  type KeeperOptions,
  KEPT_VERSIONS,
  makeSigningKey,
  RevisionError,
  signText,
} from "./mod.ts";
import { until } from "../../tests/support/waiting.ts";

interface Config {
  readonly n: number;
  readonly fails: boolean;
  readonly signers: readonly string[];
}

/** A program that takes a number into use, and what was said meanwhile. */
class Bench {
  readonly folder: string;
  readonly said: string[] = [];
  readonly undone: number[] = [];
  /** The number in use, over all keepers of the bench. */
  n = 0;
  applied = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async with(test: (bench: Bench) => Promise<void>): Promise<void> {
    const bench = new Bench(await Deno.makeTempDir({ prefix: "tieline-keeper-" }));
    try {
      await test(bench);
    } finally {
      await Deno.remove(bench.folder, { recursive: true });
    }
  }

  get file(): string {
    return `${this.folder}/site.toml`;
  }

  write(text: string): Promise<void> {
    return Deno.writeTextFile(this.file, text);
  }

  fileText(): Promise<string> {
    return Deno.readTextFile(this.file);
  }

  async open(more: Partial<KeeperOptions<Config, string>> = {}) {
    const say = (text: string) => void this.said.push(text);
    const log: Log = { debug: say, info: say, warn: say, error: say };
    const keeper = await ConfigKeeper.open<Config, string>({
      file: this.file,
      folder: `${this.folder}/versions`,
      read: (text, source) => {
        const { value } = parseTomlDocument(text, source);
        if (typeof value["n"] !== "number") {
          throw new ConfigError(source, [{ line: 1, column: 1, key: "n", message: "no n" }]);
        }
        const signers = Array.isArray(value["signers"]) ? value["signers"].map(String) : [];
        return { n: value["n"], fails: value["fails"] === true, signers };
      },
      signersOf: ({ signers }) => signers,
      hasMarks: (text) => text.includes("redacted:"),
      restore: (text) => text.replace("redacted:known", "secret"),
      plan: ({ n }) => `${this.n} to ${n}`,
      apply: ({ n, fails }) => {
        this.n = n;
        this.applied++;
        const failed = fails ? [{ part: "output.x", reason: "its port is taken" }] : [];
        return Promise.resolve({ failed });
      },
      clock: { nowMicros: () => 1_700_000_000e6, monotonicMs: () => performance.now() },
      log,
      onUndo: ({ number }) => void this.undone.push(number),
      ...more,
    });
    this.n = keeper.config.n; // as a start would
    return keeper;
  }
}

function push(text: string, more: Partial<ChangeRequest> = {}): ChangeRequest {
  return { text, author: "ann", comment: "why", cause: "push", ...more };
}

function refused(reason: string) {
  return (error: unknown) => {
    assert.ok(error instanceof RevisionError, String(error));
    assert.equal(error.reason, reason, error.message);
    return true;
  };
}

Deno.test("keeper: a push is a version, goes into use and into the file, and may be rolled back", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1 # first\n");
    await Deno.chmod(bench.file, 0o640);
    const keeper = await bench.open();
    const result = await keeper.change(push("n = 2\n"));
    assert.deepEqual([result.plan, bench.n, result.version?.number], ["1 to 2", 2, 2]);
    assert.equal(await bench.fileText(), "n = 2\n");
    assert.equal((await Deno.stat(bench.file)).mode! & 0o777, 0o640);
    const [two, one] = keeper.versions();
    assert.deepEqual(
      [two!.author, two!.comment, two!.cause, two!.outcome, two!.timeMicros],
      ["ann", "why", "push", "good", 1_700_000_000e6],
    );
    assert.deepEqual([one!.author, one!.cause, one!.outcome], ["file", "file", "good"]);
    await keeper.rollback(1, { author: "bob", comment: "" });
    assert.deepEqual([bench.n, await bench.fileText()], [1, "n = 1 # first\n"]);
    assert.deepEqual(keeper.versions().map((v) => v.cause), ["rollback", "push", "file"]);
    await assert.rejects(
      keeper.rollback(9, { author: "bob", comment: "" }),
      refused("unknownVersion"),
    );
    await keeper.close();
    const again = await bench.open();
    assert.equal(again.config.n, 1);
    assert.equal(again.status().note, "");
    await again.close();
  });
});

Deno.test("keeper: a dry run, a broken text and a stale digest change nothing", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    const { digest } = keeper.status().running;
    const dry = await keeper.change(push("n = 5\n", { dryRun: true }));
    assert.deepEqual([dry.plan, dry.version], ["1 to 5", undefined]);
    await assert.rejects(keeper.change(push("n = = 5\n")), ConfigError);
    await assert.rejects(keeper.change(push("m = 5\n")), ConfigError);
    await assert.rejects(keeper.change(push('n = 5\nx = "redacted:x"\n')), refused("redacted"));
    await assert.rejects(
      keeper.change(push("n = 5\n", { ifDigest: "00" })),
      refused("precondition"),
    );
    assert.deepEqual([bench.applied, keeper.versions().length, bench.n], [0, 1, 1]);
    // Of two pushes on the same state one wins.
    const both = await Promise.allSettled([
      keeper.change(push("n = 6\n", { ifDigest: digest })),
      keeper.change(push("n = 7\n", { ifDigest: digest })),
    ]);
    assert.deepEqual(both.map((r) => r.status), ["fulfilled", "rejected"]);
    assert.equal(bench.n, 6);
    // Of two on whatever runs, each tells what it took the place of.
    const any = await Promise.all([keeper.change(push("n = 7\n")), keeper.change(push("n = 6\n"))]);
    assert.deepEqual(any.map((r) => r.before.text), ["n = 6\n", "n = 7\n"]);
    assert.deepEqual(any.map((r) => r.before.digest), [any[1]!.digest, any[0]!.digest]);
    assert.equal((await keeper.change(push("n = 6\n"))).version, undefined, "it runs already");
    await keeper.change(push('n = 8\nx = "redacted:known"\n'));
    assert.equal(keeper.text, 'n = 8\nx = "secret"\n');
    await keeper.close();
  });
});

Deno.test("keeper: a change that is confirmed holds, one that is not undoes itself", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    const began = performance.now();
    await keeper.change(push("n = 2\n", { confirmWithin: 60 }));
    assert.deepEqual([bench.n, await bench.fileText()], [2, "n = 1\n"]);
    const { pending } = keeper.status();
    assert.equal(pending?.version, 2);
    const least = Math.ceil(60 - (performance.now() - began) / 1000);
    assert.ok(pending.secondsLeft >= least && pending.secondsLeft <= 60, `${pending.secondsLeft}`);
    await assert.rejects(keeper.change(push("n = 3\n")), refused("pending"));
    await keeper.confirm();
    assert.deepEqual([await bench.fileText(), keeper.status().pending], ["n = 2\n", undefined]);
    await assert.rejects(keeper.confirm(), refused("nothingPending"));
    await assert.rejects(keeper.cancel(), refused("nothingPending"));

    await keeper.change(push("n = 3\n", { confirmWithin: 0.05 }));
    await until(() => bench.undone.length > 0);
    assert.deepEqual([bench.n, keeper.text, bench.undone], [2, "n = 2\n", [3]]);
    assert.equal(keeper.versions()[0]!.outcome, "undone");

    await keeper.change(push("n = 4\n", { confirmWithin: 60 }));
    await keeper.cancel();
    assert.deepEqual([bench.n, keeper.status().running.number], [2, 2]);
    await keeper.change(push("n = 5\n"));
    assert.equal(bench.n, 5);
    await keeper.close();
  });
});

Deno.test("keeper: what was not confirmed before the program ended does not run again", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    await keeper.change(push("n = 2\n", { confirmWithin: 60 }));
    // The power is cut: nothing more is written.
    clearTimers(keeper);
    const again = await bench.open();
    assert.equal(again.config.n, 1);
    assert.match(again.status().note, /Version 2 was not confirmed before the program ended/);
    assert.equal(again.versions()[0]!.outcome, "undone");
    await again.close();
    const third = await bench.open();
    assert.deepEqual([third.config.n, third.status().note], [1, ""]);
    await third.close();
    await keeper.close();
  });
});

/** The bench's process lives on, so the timer of a program that is dead must not. */
function clearTimers(keeper: ConfigKeeper<Config, string>): void {
  void keeper.close();
}

Deno.test("keeper: a disk that takes nothing does not keep in use what nobody confirmed", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    await keeper.change(push("n = 2\n", { confirmWithin: 60 }));
    const versions = `${bench.folder}/versions`, away = `${bench.folder}/away`;
    await Deno.rename(versions, away);
    // A confirmation that cannot be noted is none: the change still waits.
    await assert.rejects(keeper.confirm(), Deno.errors.NotFound);
    assert.equal(keeper.status().pending?.version, 2);
    await keeper.cancel();
    assert.deepEqual([bench.n, keeper.text, keeper.status().pending], [1, "n = 1\n", undefined]);
    assert.match(keeper.status().note, /version 2 was taken back cannot be noted: /);
    await keeper.close();

    // Neither does it at the next start, which it must not prevent.
    await Deno.rename(away, versions);
    const { rename } = Deno;
    Deno.rename = () => Promise.reject(new Error("No space left on device"));
    try {
      const again = await bench.open();
      assert.equal(again.config.n, 1);
      assert.match(again.status().note, /not confirmed .*; That cannot be noted: No space left/);
      await again.close();
    } finally {
      Deno.rename = rename;
    }
  });
});

Deno.test("keeper: a power cut while a change is applied brings the version before back", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const never = new Promise<never>(() => {});
    const keeper = await bench.open({ apply: () => never });
    void keeper.change(push("n = 2\n"));
    await until(() => keeper.versions().length === 2);
    const state = `${bench.folder}/versions/state.json`;
    await until(async () => (await Deno.readTextFile(state)).includes("pending"));
    const again = await bench.open();
    assert.equal(again.config.n, 1);
    await again.close();
  });
});

Deno.test("keeper: a part that cannot work takes the change back", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    for (const confirmWithin of [undefined, 60]) {
      await assert.rejects(
        keeper.change(push("n = 2\nfails = true\n", { confirmWithin })),
        (error: unknown) => {
          assert.ok(error instanceof RevisionError);
          assert.equal(error.reason, "failed");
          assert.deepEqual(error.failed, [{ part: "output.x", reason: "its port is taken" }]);
          return true;
        },
      );
      assert.deepEqual([bench.n, keeper.text, keeper.status().pending], [1, "n = 1\n", undefined]);
    }
    assert.deepEqual(keeper.versions().map((v) => v.outcome), ["failed", "failed", "good"]);
    await keeper.change(push("n = 3\n"));
    assert.equal(bench.n, 3);
    await keeper.close();
  });
});

Deno.test("keeper: the file edited while the program runs, and while it does not", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    assert.equal(await keeper.reload(), undefined);
    await bench.write("n = 2\n");
    assert.equal((await keeper.reload())?.version?.cause, "file");
    assert.equal(bench.n, 2);
    await bench.write("n = = 3\n");
    await assert.rejects(keeper.reload(), ConfigError);
    assert.match(keeper.status().note, /not taken into use: .*site\.toml:1:5/);
    assert.equal(bench.n, 2);
    await keeper.close();

    // Broken at the start: the last good one runs, and it is looked at again next time.
    const broken = await bench.open();
    assert.equal(broken.config.n, 2);
    assert.match(broken.status().note, /cannot be used, so version 2 runs: .*site\.toml:1:5/);
    await broken.close();
    await bench.write("n = 3\n");
    const mended = await bench.open();
    assert.deepEqual([mended.config.n, mended.status().note], [3, ""]);
    assert.equal(mended.versions()[0]!.number, 3);
    await mended.close();
    await Deno.remove(bench.file);
    const gone = await bench.open();
    assert.equal(gone.config.n, 3);
    assert.match(gone.status().note, /site\.toml: there is no such file, so version 3 runs/);
    await gone.close();
  });
});

Deno.test("keeper: a file that could not be written is written at a reload", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    await Deno.remove(bench.file);
    await Deno.mkdir(bench.file);
    await keeper.change(push("n = 2\n"));
    await Deno.remove(bench.file);
    await bench.write("n = 1\n"); // as it was: nobody has edited it
    await keeper.change(push("n = 3\n", { confirmWithin: 60 }));
    assert.equal(await keeper.reload(), undefined);
    assert.equal(await bench.fileText(), "n = 1\n", "not while a change waits");
    await keeper.cancel();
    assert.equal(await keeper.reload(), undefined);
    assert.deepEqual([await bench.fileText(), keeper.status().note], ["n = 2\n", ""]);
    await keeper.close();
  });
});

Deno.test("keeper: an edit that nobody took in is set aside when the file is written anew", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    await keeper.change(push("n = 2\n"));
    const edited = `${bench.file}.edited`;
    await assert.rejects(Deno.stat(edited), Deno.errors.NotFound);
    await bench.write("n = 2\nsigners = []\n");
    await Deno.chmod(bench.file, 0o640);
    await keeper.change(push("n = 3\n"));
    assert.equal(await bench.fileText(), "n = 3\n");
    assert.equal(await Deno.readTextFile(edited), "n = 2\nsigners = []\n");
    assert.equal((await Deno.stat(edited)).mode! & 0o777, 0o640);
    assert.match(
      bench.said.at(-1)!,
      /had been edited and was not taken in: the edit is in .*edited/,
    );
    assert.equal(keeper.status().note, "");
    await keeper.close();
  });
});

Deno.test("keeper: the last five edits that nobody took in are kept, and what becomes of them is told", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 0\n");
    const asides: [string, boolean, number][] = [];
    const keeper = await bench.open({
      onAside: ({ path, dropped }, { number }) =>
        void asides.push([path.slice(bench.file.length), dropped, number]),
    });
    const kept = async () => {
      const found: Record<string, string> = {};
      for await (const { name } of Deno.readDir(bench.folder)) {
        const ending = /^site\.toml\.(edited.*)$/.exec(name)?.[1];
        if (ending) found[ending] = (await Deno.readTextFile(`${bench.folder}/${name}`)).trim();
      }
      return found;
    };
    const edit = async (number: number) => {
      await bench.write(`# edit ${number}\n`);
      await keeper.change(push(`n = ${keeper.config.n + 1}\n`));
    };
    await edit(1);
    await edit(2);
    await edit(2);
    assert.deepEqual(await kept(), { "edited": "# edit 2", "edited.1": "# edit 1" });
    await Deno.remove(`${bench.file}.edited.1`);
    await edit(3);
    assert.deepEqual(await kept(), { "edited": "# edit 3", "edited.1": "# edit 2" });
    for (let number = 4; number <= 6; number++) await edit(number);
    const five = {
      "edited": "# edit 6",
      "edited.1": "# edit 5",
      "edited.2": "# edit 4",
      "edited.3": "# edit 3",
      "edited.4": "# edit 2",
    };
    assert.deepEqual(await kept(), five);
    assert.doesNotMatch(bench.said.join("\n"), /is gone/);
    await edit(7);
    assert.deepEqual(await kept(), {
      "edited": "# edit 7",
      "edited.1": "# edit 6",
      "edited.2": "# edit 5",
      "edited.3": "# edit 4",
      "edited.4": "# edit 3",
    });
    assert.match(bench.said.at(-1)!, /is in .*\.edited now, .*; the oldest edit .* is gone$/);
    assert.deepEqual(asides, [2, 3, 4, 5, 6, 7, 8, 9].map((n) => [".edited", n === 9, n]));
    await keeper.close();
  });
});

Deno.test("keeper: without any version a broken or absent file is an error", async () => {
  await Bench.with(async (bench) => {
    await assert.rejects(bench.open(), Deno.errors.NotFound);
    await Deno.mkdir(bench.file);
    await assert.rejects(bench.open(), /site\.toml/, "not called absent where it cannot be read");
    await Deno.remove(bench.file);
    await bench.write("n = = 1");
    await assert.rejects(bench.open(), ConfigError);
  });
});

Deno.test("keeper: a file that cannot be written does not stop a change, which survives the next start", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    const real = bench.file;
    // A link into a folder that is not there: reading sees nothing, writing fails.
    await Deno.remove(real);
    await Deno.mkdir(real);
    await keeper.change(push("n = 2\n"));
    assert.equal(bench.n, 2);
    assert.match(keeper.status().note, /cannot be written, version 2 in the state folder/);
    await keeper.close();
    await Deno.remove(real);
    await bench.write("n = 1\n"); // as it was when it was last taken in
    const again = await bench.open();
    assert.equal(again.config.n, 2);
    await again.close();
  });
});

Deno.test("keeper: with signers a change needs a signature over its exact bytes", async () => {
  await Bench.with(async (bench) => {
    const [own, other] = [await makeSigningKey(), await makeSigningKey()];
    const text = (n: number) => `n = ${n}\nsigners = ["${own.signer}"]\n`;
    await bench.write(text(1));
    const keeper = await bench.open();
    const signed = await signText(text(2), own.keyPem);
    const cases: [string, string | undefined][] = [
      [text(2), undefined],
      [text(2), "nonsense"],
      [text(2), await signText(text(2), other.keyPem)],
      [text(2) + " ", signed],
      [text(3), signed],
      ["n = 9\n", await signText("n = 9\n", other.keyPem)],
    ];
    for (const [body, signature] of cases) {
      for (const dryRun of [false, true]) {
        await assert.rejects(
          keeper.change(push(body, { signature, dryRun })),
          refused("signature"),
          body,
        );
      }
    }
    const marked = 'n = 2\nx = "redacted:known"\n';
    await assert.rejects(
      keeper.change(push(marked, { signature: await signText(marked, own.keyPem) })),
      refused("signature"),
    );
    assert.equal(bench.applied, 0);
    const { version } = await keeper.change(push(text(2), { signature: ` ${signed}\n` }));
    assert.equal(version?.signer, own.signer);

    // An earlier version that was signed rolls back by its own signature; the first was not signed.
    const third = await signText(text(3), own.keyPem);
    await keeper.change(push(text(3), { signature: third }));
    await keeper.rollback(2, { author: "ann", comment: "" });
    assert.equal(bench.n, 2);
    await assert.rejects(keeper.rollback(1, { author: "ann", comment: "" }), refused("signature"));

    // The file needs FILE.sig, while the program runs and at the start.
    await bench.write("n = 8\n");
    await assert.rejects(keeper.reload(), refused("signature"));
    await keeper.close();
    const unsigned = await bench.open();
    assert.equal(unsigned.config.n, 2);
    assert.match(
      unsigned.status().note,
      /signature by one of \[config\] signers in \S+site\.toml\.sig, found none/,
    );
    await Deno.writeTextFile(`${bench.file}.sig`, await signText("n = 8\n", own.keyPem));
    await unsigned.reload();
    assert.equal(bench.n, 8);
    await unsigned.close();
  });
});

Deno.test("keeper: the last versions are kept, and the one that runs always", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    for (let n = 2; n <= KEPT_VERSIONS + 5; n++) await keeper.change(push(`n = ${n}\n`));
    assert.equal(keeper.versions().length, KEPT_VERSIONS);
    assert.equal(keeper.versions().at(-1)!.number, 6);
    await assert.rejects(keeper.textOf(5), refused("unknownVersion"));
    // Refused ones push nothing that is needed out.
    const running = keeper.status().running.number;
    for (let n = 0; n < KEPT_VERSIONS + 5; n++) {
      await assert.rejects(keeper.change(push(`n = 99\nfails = true\n# ${n}\n`)));
    }
    assert.equal(await keeper.textOf(running), `n = ${KEPT_VERSIONS + 5}\n`);
    const files = [...Deno.readDirSync(`${bench.folder}/versions`)].map(({ name }) => name);
    assert.equal(files.length, 2 * keeper.versions().length + 1);
    await keeper.close();
    const again = await bench.open();
    assert.equal(again.config.n, KEPT_VERSIONS + 5);
    await again.close();
  });
});

Deno.test("keeper: what is damaged on disk is told and costs no more than itself", async () => {
  await Bench.with(async (bench) => {
    await bench.write("n = 1\n");
    const keeper = await bench.open();
    await keeper.change(push("n = 2\n"));
    await keeper.change(push("n = 3\n"));
    await keeper.close();
    const versions = `${bench.folder}/versions`;
    // The text of the newest is damaged and the file broken: the one before runs.
    await Deno.writeTextFile(`${versions}/000003.toml`, "n = 4\n");
    await bench.write("broken");
    const second = await bench.open();
    assert.equal(second.config.n, 2);
    assert.match(second.status().note, /Version 3 cannot be used/);
    await second.close();
    // State and facts of one version are lost.
    await Deno.writeTextFile(`${versions}/state.json`, "{");
    await Deno.writeTextFile(`${versions}/000002.json`, "[]");
    const third = await bench.open();
    assert.equal(third.config.n, 1);
    assert.ok(bench.said.some((line) => /state\.json cannot be used/.test(line)));
    await third.close();
  });
});
