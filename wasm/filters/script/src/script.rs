use guest::{Config, Filter, Row, String, Vec, Verdict, export};
use rquickjs_core::context::intrinsic::{Eval, Json, MapSet, Promise, Proxy, RegExp, RegExpCompiler, TypedArrays};
use rquickjs_core::{Context, Ctx, Exception, Function, Object, Persistent, Result, Runtime, Value};

use crate::failure::Failure;
use crate::{host, row};

const STACK_MAX: usize = 512 << 10; // of the megabyte that Rust's linker gives

/// All of the language but what could tell two runs apart: Date, WeakRef and
/// performance.
type Language = (Eval, RegExpCompiler, RegExp, Json, Proxy, MapSet, TypedArrays, Promise);

pub struct Script {
    file: String,
    reasons: Vec<String>, // the first has the code 1
    needs: Vec<String>,
    keep: Persistent<Function<'static>>,
    context: Context,
}

impl Filter for Script {
    fn new(config: &Config) -> core::result::Result<Script, String> {
        let context = engine().map_err(|_| String::from("no room for the interpreter"))?;
        let mut file = String::from("script");
        context
            .with(|ctx| load(&ctx, config.json(), &mut file).map_err(|_| Failure::of(&ctx, &file).text))
            .map(|(reasons, needs, keep)| Script { file, reasons, needs, keep, context: context.clone() })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        self.context.with(|ctx| {
            self.judge(&ctx, row).unwrap_or_else(|_| {
                let f = Failure::of(&ctx, &self.file);
                host::say(host::ERROR, &f.text);
                host::abort(f.line, f.column)
            })
        })
    }
}

fn engine() -> Result<Context> {
    let runtime = Runtime::new()?;
    runtime.set_max_stack_size(STACK_MAX);
    Context::custom::<Language>(&runtime)
}

/// The reasons, the needs and keep of a script.
type Loaded = (Vec<String>, Vec<String>, Persistent<Function<'static>>);

/// Runs the script, and finds its reasons, its needs and the function keep.
fn load(ctx: &Ctx, config: &str, file: &mut String) -> Result<Loaded> {
    let prelude: Function = ctx.eval(include_str!("prelude.js"))?;
    let say = Function::new(ctx.clone(), |text: String| host::say(host::INFO, &text))?;
    let script: Object = prelude.call((config, say))?;
    *file = script.get("file")?;
    let source: String = script.get("source")?;
    ctx.eval::<(), _>(source)?;
    let check: Function = ctx.eval(include_str!("check.js"))?;
    let keep: Function = check.call((script.clone(),))?;
    Ok((script.get("reasons")?, script.get("needs")?, Persistent::save(ctx, keep)))
}

impl Script {
    /// Asks keep about a row.
    fn judge(&self, ctx: &Ctx, row: &Row) -> Result<Verdict> {
        let keep = self.keep.clone().restore(ctx)?;
        let said: Value = keep.call((row::object(ctx, row, &self.needs)?,))?;
        match said.as_object() {
            Some(o) => self.verdict(ctx, o.get("keep")?, o.get("reason")?, o.get("score")?),
            None => self.verdict(ctx, said, Value::new_undefined(ctx.clone()), Value::new_undefined(ctx.clone())),
        }
    }

    /// A verdict from its parts, of which reason and score may be undefined. A
    /// reason may stand for keep.
    fn verdict<'js>(&self, ctx: &Ctx<'js>, keep: Value<'js>, reason: Value<'js>, score: Value<'js>) -> Result<Verdict> {
        let named = if keep.is_string() { &keep } else { &reason };
        let reason = match (keep.as_bool(), named.as_string()) {
            (Some(true), _) => 0,
            (Some(false), None) if named.is_undefined() => 1,
            (_, Some(name)) if keep.is_string() || keep.as_bool().is_some() => self.code(ctx, &name.to_string()?)?,
            _ => return Err(Exception::throw_type(ctx, "keep returned neither true, false nor a reason")),
        };
        let score = match score.as_number() {
            Some(n) if (n as f32).is_finite() => n as f32,
            None if score.is_undefined() => (reason == 0) as u8 as f32,
            _ => return Err(Exception::throw_type(ctx, "the score is not a finite number")),
        };
        Ok(Verdict { reason, score })
    }

    fn code(&self, ctx: &Ctx, name: &str) -> Result<u16> {
        match self.reasons.iter().position(|r| r == name) {
            Some(i) => Ok(i as u16 + 1),
            None => Err(Exception::throw_type(ctx, "keep returned a reason that is not one of reasons")),
        }
    }
}

export!(Script);
