use guest::{Row, String, Vec};
use rquickjs_core::{Ctx, Error, Object, Result, TypedArray, Value, qjs};

/// Makes the object that keep is called with: the texts, and the columns that the
/// script needs.
pub fn object<'js>(ctx: &Ctx<'js>, row: &Row, needs: &[String]) -> Result<Object<'js>> {
    let o = Object::new(ctx.clone())?;
    o.set("question", text(ctx, row.question())?)?;
    o.set("answer", text(ctx, row.answer())?)?;
    for need in needs {
        match need.as_str() {
            "context" => o.set("context", text(ctx, row.context())?)?,
            "id" => o.set("id", text(ctx, row.id())?)?,
            "lang" => o.set("lang", text(ctx, row.lang())?)?,
            "source" => o.set("source", text(ctx, row.source())?)?,
            "similarity" => o.set("similarity", row.similarity())?,
            "dialogue" => {
                o.set("dialogue", text(ctx, row.dialogue_id())?)?;
                o.set("turn", row.turn())?;
            }
            "scores" => {
                let scores = Object::new(ctx.clone())?;
                for s in row.scores() {
                    scores.set(s.name, s.value)?;
                }
                o.set("scores", scores)?;
            }
            _ => {
                o.set("questionEmbedding", vector(ctx, row.question_embedding())?)?;
                o.set("answerEmbedding", vector(ctx, row.answer_embedding())?)?;
            }
        }
    }
    Ok(o)
}

fn vector<'js>(ctx: &Ctx<'js>, values: &[f32]) -> Result<TypedArray<'js, f32>> {
    TypedArray::new(ctx.clone(), Vec::from(values))
}

/// Makes a string. QuickJS takes its time to decode UTF-8 beyond ASCII; and it
/// counts on UTF-16 only where a character needs it.
fn text<'js>(ctx: &Ctx<'js>, s: &str) -> Result<Value<'js>> {
    const NARROW_MAX: u16 = 0xff;
    if !s.is_ascii() {
        let mut units = Vec::with_capacity(s.len());
        units.extend(s.encode_utf16());
        if units.iter().any(|&u| u > NARROW_MAX) {
            let made = unsafe { qjs::JS_NewStringUTF16(ctx.as_raw().as_ptr(), units.as_ptr(), units.len() as _) };
            return match unsafe { qjs::JS_IsException(made) } {
                true => Err(Error::Exception),
                false => Ok(unsafe { Value::from_raw(ctx.clone(), made) }),
            };
        }
    }
    rquickjs_core::String::from_str(ctx.clone(), s).map(|s| s.into_value())
}
