use guest::{Row, String, Vec};
use rquickjs_core::{Ctx, Object, Result, TypedArray};

/// Makes the object that keep is called with: the texts, and the columns that the
/// script needs.
pub fn object<'js>(ctx: &Ctx<'js>, row: &Row, needs: &[String]) -> Result<Object<'js>> {
    let o = Object::new(ctx.clone())?;
    o.set("question", row.question())?;
    o.set("answer", row.answer())?;
    for need in needs {
        match need.as_str() {
            "context" => o.set("context", row.context())?,
            "id" => o.set("id", row.id())?,
            "lang" => o.set("lang", row.lang())?,
            "source" => o.set("source", row.source())?,
            "similarity" => o.set("similarity", row.similarity())?,
            "dialogue" => {
                o.set("dialogue", row.dialogue_id())?;
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
