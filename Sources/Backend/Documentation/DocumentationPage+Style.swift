extension DocumentationPage {
    static let style = """
        :root { --line: #8885; --quiet: #8881; --get: #0a6; --post: #06c; --put: #a60; --patch: #a60; --delete: #c22; }
        * { box-sizing: border-box; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
        h1 { margin: 0; } h2 { margin: 2rem 0 .25rem; } h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
        label { display: block; margin-top: .75rem; font-size: .875rem; }
        input, textarea, select { width: 100%; font: .875rem ui-monospace, monospace; padding: .4rem; border: 1px solid var(--line);
          border-radius: .25rem; background: transparent; color: inherit; }
        textarea { min-height: 9rem; margin-top: .5rem; resize: vertical; }
        button { font: inherit; padding: .35rem 1rem; margin: .75rem .5rem 0 0; border: 1px solid var(--line); border-radius: .25rem;
          cursor: pointer; background: var(--quiet); color: inherit; }
        details.operation { border: 1px solid var(--line); border-radius: .35rem; margin: .5rem 0; }
        details.operation > summary { cursor: pointer; padding: .5rem; display: flex; gap: .75rem; flex-wrap: wrap; align-items: baseline; }
        details.operation > div { padding: 0 .75rem .75rem; border-top: 1px solid var(--line); }
        .method { font: bold .8rem ui-monospace, monospace; color: #fff; border-radius: .2rem; padding: .1rem .4rem; min-width: 4.2rem;
          text-align: center; background: #666; }
        .get { background: var(--get); } .post { background: var(--post); } .put { background: var(--put); }
        .patch { background: var(--patch); } .delete { background: var(--delete); }
        .path { font-family: ui-monospace, monospace; overflow-wrap: anywhere; } .quiet { opacity: .75; font-size: .875rem; }
        table { border-collapse: collapse; width: 100%; font-size: .875rem; }
        td, th { border-bottom: 1px solid var(--line); padding: .3rem .4rem; text-align: left; vertical-align: top; }
        pre { background: var(--quiet); padding: .6rem; overflow: auto; max-height: 28rem; white-space: pre-wrap; overflow-wrap: anywhere;
          font: .8rem/1.4 ui-monospace, monospace; border-radius: .25rem; }
        [hidden] { display: none !important; }
        """
}
