//! Excerpts of the same shape as bundles of published versions, written for these tests.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::formats::profile;

/// The code that makes a file a Worker of vinext.
const KEYS: &str = "var keys=(e,t)=>`app:v2:${e}:__hash:${t}`;";

/// The KV handler and its factory, as a minifier leaves them.
const ADAPTER: &str = r#"var Kv=class{kv;prefix;constructor(e,t){this.kv=e,this.prefix=t?.appPrefix?`${t.appPrefix}:`:``}async get(e){let t=Kv2(e);if(!t)return console.error(`[vinext] Invalid cache entry shape for key:`,e),null;return t/2>1?/[/"'`]/g.test(e):null}};var za=({env:e,options:t})=>{let n=t?.binding??Da,r=e?.[n];if(!r)throw Error(`[vinext] The KV data cache adapter requires a \`${n}\` KV namespace binding.`);return new Kv(r,{appPrefix:t?.appPrefix,ttlSeconds:t?.ttlSeconds})};"#;

/// The code that vinext makes of `cache.data`, with these options.
fn registration(call: &str) -> String {
    format!(
        "var Va=!1;function Ha(e){{if(!Va){{Va=!0;try{{{call}}}catch(e){{console.warn(`[vinext] failed \
         to initialize the configured data cache adapter; using the default handler.\\n`+e)}}}}}}"
    )
}

fn facts_of_files(files: &[(&str, &str)]) -> WorkerFacts {
    let project = tempfile::tempdir().unwrap();
    write(project.path(), "dist/server", files);
    inspect(project.path())
}

fn write(root: &Path, directory: &str, files: &[(&str, &str)]) {
    for (name, code) in files {
        let file = root.join(directory).join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, code).unwrap();
    }
}

fn facts_of_code(code: &str) -> WorkerFacts {
    facts_of(&Bundle::of_code(&format!("{KEYS}{code}")))
}

fn kv(binding: &str, app_prefix: &str, ttl_seconds: Option<f64>) -> WorkerFacts {
    WorkerFacts {
        data_cache: DataCache::Kv,
        binding: Fact::Known(binding.to_owned()),
        app_prefix: Fact::Known(app_prefix.to_owned()),
        ttl_seconds: Fact::Known(ttl_seconds),
        ..WorkerFacts::default()
    }
}

#[test]
fn other_code_has_no_known_facts() {
    assert_eq!(facts_of_files(&[]), WorkerFacts::default());
    let other = [("index.js", ADAPTER)];
    assert_eq!(facts_of_files(&other), WorkerFacts::default());
}

#[test]
fn reads_the_options_of_the_configured_adapter() {
    let options = r#"{binding:`MY_KV`,appPrefix:`shop-ü"x`,ttlSeconds:3600}"#;
    for call in [
        format!("set(za({{env:e,options:{options}}}))"),
        format!("register(()=>za({{env:e,options:{options}}}))"),
        format!("register(()=>make(za,{{env:e,options:{options}}},`data`))"),
        format!("register(() => make(za, {{\n\tenv,\n\toptions: {options}\n}}, \"data\"));"),
    ] {
        let code = format!("{ADAPTER}{}", registration(&call));
        assert_eq!(
            facts_of_code(&code),
            kv("MY_KV", "shop-ü\"x", Some(3600.0)),
            "{call}"
        );
    }
}

#[test]
fn uses_the_adapters_defaults_for_missing_options() {
    for options in [
        "void 0",
        "undefined",
        "{}",
        "{tagCacheTtlMs:1}",
        r#"{"appPrefix":""}"#,
    ] {
        let call = format!("set(za({{env:e,options:{options}}}))");
        let code = format!("{ADAPTER}{}", registration(&call));
        assert_eq!(
            facts_of_code(&code),
            kv("VINEXT_KV_CACHE", "", None),
            "{options}"
        );
    }
}

#[test]
fn reads_the_options_of_a_handler_that_the_worker_constructs() {
    let constants = "var P=`sh`,OPTIONS={appPrefix:P+`op`,ttlSeconds:60*60};";
    for (arguments, expected) in [
        ("env.CACHE", kv("CACHE", "", None)),
        ("env?.CACHE,{appPrefix:'a'}", kv("CACHE", "a", None)),
        (
            "env[`CACHE`],{ttlSeconds:3e3}",
            kv("CACHE", "", Some(3000.0)),
        ),
        ("this.env.CACHE,{ctx,appPrefix:5}", kv("CACHE", "5", None)),
        ("env.CACHE,OPTIONS", kv("CACHE", "shop", Some(3600.0))),
        (
            "env.CACHE,{...OPTIONS,ttlSeconds:void 0}",
            kv("CACHE", "shop", None),
        ),
        (
            "env.CACHE,{appPrefix:`${P}-\\u00fc`}",
            kv("CACHE", "sh-ü", None),
        ),
    ] {
        let code = format!(
            "{ADAPTER}{constants}var w={{async fetch(r,env,c){{env?.CACHE&&set(new Kv({arguments}));\
             return handler.fetch(r,env,c)}}}};export{{w as default}};"
        );
        assert_eq!(facts_of_code(&code), expected, "{arguments}");
    }
}

#[test]
fn computed_options_are_unknown() {
    for (arguments, knows_ttl) in [
        ("env.CACHE,{appPrefix:`shop-`+env.REGION}", true),
        ("env.CACHE,{appPrefix:`shop-${env.REGION}`}", true),
        ("env.CACHE,{appPrefix:env.PREFIX??`shop`}", true),
        ("env.CACHE,{appPrefix:pick(`a`,`b`)}", true),
        ("env.CACHE,{appPrefix:changing}", true),
        ("env.CACHE,{appPrefix:r}", true),
        ("env.CACHE,{appPrefix:(0,`a`)}", true),
        ("env.CACHE,{appPrefix:`a`,...env.OPTIONS}", false),
        ("env.CACHE,{[key]:`a`}", false),
        ("env.CACHE,options(env)", false),
    ] {
        let code = format!(
            "{ADAPTER}var r=`outer`,changing=`a`;changing=`b`;var w={{async fetch(r,env,c){{\
             set(new Kv({arguments}));return handler.fetch(r,env,c)}}}};export{{w as default}};"
        );
        let facts = facts_of_code(&code);
        assert_eq!(facts.data_cache, DataCache::Kv);
        assert_eq!(
            facts.binding,
            Fact::Known("CACHE".to_owned()),
            "{arguments}"
        );
        assert_eq!(facts.app_prefix, Fact::Unknown, "{arguments}");
        assert_eq!(
            facts.ttl_seconds.known().is_some(),
            knows_ttl,
            "{arguments}"
        );
    }
}

#[test]
fn options_that_differ_between_handlers_are_unknown() {
    let code = format!(
        "{ADAPTER}export default{{fetch(r,env,c){{set(env.A?new Kv(env.A,{{appPrefix:`x`}}):new \
         Kv(env.B,{{appPrefix:`x`,ttlSeconds:5}}))}}}};"
    );
    let facts = facts_of_code(&code);
    assert_eq!(facts.binding, Fact::Unknown);
    assert_eq!(facts.app_prefix, Fact::Known("x".to_owned()));
    assert_eq!(facts.ttl_seconds, Fact::Unknown);
}

#[test]
fn follows_imports_between_chunks() {
    let adapter = format!("{ADAPTER}export{{Kv as n,za as t}};");
    let registered = registration("set(a({env:e,options:{binding:`B`,appPrefix:`p`}}))");
    let files = [
        ("_next/static/kv-x.js", adapter.as_str()),
        ("_next/static/all-x.js", r#"export{t as z}from"./kv-x.js";"#),
        (
            "index.js",
            &format!("import{{z as a}}from\"./_next/static/all-x.js\";{KEYS}{registered}"),
        ),
    ];
    assert_eq!(facts_of_files(&files), kv("B", "p", None));
    let files = [
        ("_next/static/kv-x.js", adapter.as_str()),
        (
            "index.js",
            &format!(
                "import{{n as K,t as f}}from\"./_next/static/kv-x.js\";{KEYS}set(new K(env.B,{{appPrefix:`q`}}));"
            ),
        ),
    ];
    assert_eq!(facts_of_files(&files), kv("B", "q", None));
}

#[test]
fn distinguishes_other_adapters_from_none() {
    let other = registration("set(redis({env:e,options:{url:`redis://x`}}))");
    assert_eq!(facts_of_code(&other).data_cache, DataCache::Other);
    let symbol = "var y=Symbol.for(`vinext.cacheHandler`),b=globalThis;function get(){return b[y]??(b[y]=new Memory)}";
    assert_eq!(facts_of_code(symbol).data_cache, DataCache::Memory);
    let own = format!("{symbol}function set(e){{b[y]=e}}set(new Own(env));");
    assert_eq!(facts_of_code(&own).data_cache, DataCache::Other);
    let configured = format!("{symbol}function configure(e){{b[y]=new Memory(e)}}");
    assert_eq!(facts_of_code(&configured).data_cache, DataCache::Memory);
}

#[test]
fn an_adapter_around_the_kv_handler_has_the_options_it_passes_on() {
    let own = registration("set(mine({env:e,options:{appPrefix:`not this`}}))");
    let mine = "var mine=({env:e,options:t})=>logged(new Kv(e.OWN,{appPrefix:`this`}));";
    assert_eq!(
        facts_of_code(&format!("{ADAPTER}{mine}{own}")).binding,
        Fact::Unknown
    );
    // Without the adapter's own factory, which the bundler drops.
    let handler = &ADAPTER[..ADAPTER.find("var za").unwrap()];
    assert_eq!(
        facts_of_code(&format!("{handler}{mine}{own}")),
        kv("OWN", "this", None)
    );
}

#[test]
fn detects_a_cdn_adapter() {
    let code = "console.warn(`[vinext] failed to initialize the configured CDN cache adapter; …`)";
    assert!(facts_of_code(code).has_cdn_cache);
    assert!(!facts_of_code("").has_cdn_cache);
}

#[test]
fn code_that_cannot_be_read_leaves_the_options_unknown() {
    let call = "set(za({env:e,options:{appPrefix:`shop`}}))";
    for broken in ["var s='", "}", "(]", "`${", "/* "] {
        let code = format!("{ADAPTER}{}{broken}", registration(call));
        let facts = facts_of_code(&code);
        assert_eq!(facts.data_cache, DataCache::Kv, "{broken}");
        assert_eq!(facts.app_prefix, Fact::Unknown, "{broken}");
    }
}

#[test]
fn detects_whether_the_entry_passes_env() {
    let registered = registration("set(za({env:e,options:void 0}))");
    let handler =
        format!("{ADAPTER}{registered}var H={{async fetch(e,t,n){{return Ha(t),answer(e)}}}};");
    for (body, expected) in [
        ("return H.fetch(r,env,c)", Fact::Known(true)),
        ("return H.fetch(r)", Fact::Known(false)),
        (
            "return ping(r)?new Response(`pong`):H.fetch(r)",
            Fact::Known(false),
        ),
        ("return env.ASSETS.fetch(r)", Fact::Unknown),
        (
            "return env.ASSETS.fetch(r)||H.fetch(r,env,c)",
            Fact::Known(true),
        ),
        (
            "return ping(r)?H.fetch(r):H.fetch(r,env)",
            Fact::Known(true),
        ),
        ("return other.fetch(r)", Fact::Unknown),
        ("return H.fetch(...args)", Fact::Unknown),
    ] {
        let code = format!(
            "{handler}var other=new App,w={{async fetch(r,env,c){{{body}}}}};export{{w as default}};"
        );
        assert_eq!(facts_of_code(&code).passes_env, expected, "{body}");
    }
    let direct = format!("{handler}export default {{ fetch: async (r) => H.fetch(r) }};");
    assert_eq!(facts_of_code(&direct).passes_env, Fact::Unknown);
    let block =
        format!("{handler}export default {{ fetch: async (r) => {{ return H.fetch(r) }} }};");
    assert_eq!(facts_of_code(&block).passes_env, Fact::Known(false));
}

#[test]
fn reads_the_bundle_of_a_build_output() {
    let project = tempfile::tempdir().unwrap();
    let code = format!(
        "{KEYS}{ADAPTER}{}",
        registration("set(za({env:e,options:void 0}))")
    );
    let output = ".cloudflare/output/v0/workers/default/bundle";
    write(project.path(), output, &[("index.js", &code)]);
    write(
        project.path(),
        "dist/server",
        &[("BUILD_ID", "x"), ("ssr/index.js", KEYS)],
    );
    assert_eq!(inspect(project.path()), kv("VINEXT_KV_CACHE", "", None));
    // A Worker in `dist/server/` comes first: the other is left over from an earlier build.
    write(project.path(), "dist/server", &[("index.js", KEYS)]);
    assert_eq!(inspect(project.path()).data_cache, DataCache::Memory);
}

#[test]
fn detects_cache_components() {
    for (code, expected) in [
        (
            "f({a,createPprFallbackShells(e,t){return x(e,t)}})",
            Fact::Known(true),
        ),
        (
            "f({\n\tcreatePprFallbackShells(route, params) {\n}})",
            Fact::Known(true),
        ),
        (
            "e.createPprFallbackShells&&(t=e.createPprFallbackShells({a}))",
            Fact::Known(false),
        ),
        ("if(e.createPprFallbackShells(a)){}", Fact::Known(false)),
        ("f({cacheComponents:!0})", Fact::Known(true)),
        ("f({cacheComponents:e.x!==void 0})", Fact::Unknown),
        ("", Fact::Unknown),
    ] {
        assert_eq!(facts_of_code(code).cache_components, expected, "{code}");
    }
}

#[test]
fn detects_whether_pre_rendering_finished() {
    let reader = "let e=globalThis.__VINEXT_PREGENERATED_CONCRETE_PATHS;";
    let worker = format!("{KEYS}{reader}");
    for (module, expected) in [
        (
            "globalThis.__VINEXT_PREGENERATED_CONCRETE_PATHS = [[\"/\",[\"/\"]]];",
            true,
        ),
        (
            "delete globalThis.__VINEXT_PREGENERATED_CONCRETE_PATHS;",
            false,
        ),
    ] {
        let files = [
            ("__vinext_pregenerated_concrete_paths.js", module),
            ("index.js", &worker),
        ];
        let facts = facts_of_files(&files);
        assert_eq!(facts.lists_rendered_paths, Fact::Known(expected));
        let warns = |profile| !facts.warnings(profile).is_empty();
        assert_eq!(warns(&profile::G12), !expected);
        // It wrote no list when it was built, only when it was deployed.
        assert!(!warns(&profile::G06));
    }
    assert_eq!(facts_of_code("").lists_rendered_paths, Fact::Unknown);
}

proptest! {
    /// In any surrounding code, the prefix is read correctly or not at all.
    #[test]
    fn other_code_never_changes_the_prefix(
        before in "(\\PC|[{}()\\[\\]'\"`/\\\\$=;,.\n]){0,80}",
        behind in "(\\PC|[{}()\\[\\]'\"`/\\\\$=;,.\n]){0,80}",
    ) {
        let call = "set(za({env:e,options:{appPrefix:`shop`}}))";
        let code = format!("{before}\n;{ADAPTER}{}\n{behind}", registration(call));
        let facts = facts_of_code(&code);
        prop_assert_eq!(facts.data_cache, DataCache::Kv);
        if let Fact::Known(prefix) = facts.app_prefix {
            prop_assert_eq!(prefix, "shop");
        }
    }

    #[test]
    fn surrounding_code_hides_nothing(
        before in prop::collection::vec(prop::sample::select(STATEMENTS), 0..20),
        behind in prop::collection::vec(prop::sample::select(STATEMENTS), 0..20),
    ) {
        let call = "set(za({env:e,options:{appPrefix:`shop`}}))";
        let code = format!("{}{ADAPTER}{}{}", before.concat(), registration(call), behind.concat());
        prop_assert_eq!(facts_of_code(&code).app_prefix, Fact::Known("shop".to_owned()));
    }
}

/// Statements with everything that makes JavaScript hard to cut up.
const STATEMENTS: &[&str] = &[
    "var a1=b1/2/c1;",
    "if(x1)/[/\"]'`/.test(y1);",
    "let t1=`a${`b${{c:1}.c}`}'\"`;",
    "function f1(za,e){return za/e/2}",
    "x1=>{return/`/u.test(x1)};",
    "for(let i1 of[1,2]){}/'/.exec(z1);",
    "class C1{#p=/}/;get q(){return this.#p}}",
    "q1=a1?.5/2:/\\//;",
    "/* ' ` */",
    "// \" `\n",
    "s1='\\'/*';",
    "o1={\"options\":{appPrefix:`x`},env:1};",
    "w1=(a1)/2,v1=[1]/2;",
    "l1:while(!0){break l1}",
    "x1=async e=>await e/2;",
    "n1=1e-3/2+0xf/1;",
];

#[test]
fn warns_about_another_store_if_the_server_reads_kv_or_memory() {
    let warnings = |code: &str| {
        let project = tempfile::tempdir().unwrap();
        let code = format!("{KEYS}{code}; n=`id-1`");
        write(project.path(), "dist/server", &[("index.js", &code)]);
        let (_, facts) = check_other_store(project.path(), "id-1", "1.4.0", &profile::G12).unwrap();
        assert_eq!(facts.ttl_seconds(), None);
        facts.warnings_for_other_store(&profile::G11)
    };
    let kv = format!(
        "{ADAPTER}{}",
        registration("Wa(za({env:e,options:{ttlSeconds:9}}))")
    );
    let kv = warnings(&kv);
    assert!(
        kv.iter().all(|warning| warning.contains("Workers KV")),
        "{kv:?}"
    );
    let memory = warnings("minified beyond recognition");
    assert!(
        memory.iter().all(|warning| warning.contains("in memory")),
        "{memory:?}"
    );
    assert_eq!((kv.len(), memory.len()), (1, 1));
    let other = registration("Wa(new RedisHandler)");
    assert_eq!(warnings(&other), [""; 0]);
}
