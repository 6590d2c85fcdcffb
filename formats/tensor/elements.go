package tensor

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// schemaElements are columns as a footer has them: a root, then one element a
// column and three a tensor.
func schemaElements(cs []column) []format.SchemaElement {
	es := []format.SchemaElement{{Name: "schema", NumChildren: thrift.New(int32(len(cs)))}}
	for _, c := range cs {
		e := format.SchemaElement{Name: c.name, RepetitionType: thrift.New(format.Required)}
		if c.nullable {
			e.RepetitionType.Set(format.Optional)
		}
		if c.kind == tensors {
			e.NumChildren = thrift.New(int32(1))
			e.ConvertedType.Set(deprecated.List)
			e.LogicalType.Value = new(format.ListType)
			es = append(es, e,
				format.SchemaElement{Name: "list", RepetitionType: thrift.New(format.Repeated), NumChildren: thrift.New(int32(1))},
				format.SchemaElement{Name: "element", RepetitionType: thrift.New(format.Optional), Type: thrift.New(format.Float)})
			continue
		}
		e.Type.Set(c.kind.physical())
		if c.kind == text {
			e.ConvertedType.Set(deprecated.UTF8)
			e.LogicalType.Value = new(format.StringType)
		}
		es = append(es, e)
	}
	return es
}
