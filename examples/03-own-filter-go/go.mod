module example.com/alike

go 1.24

require github.com/cubeset/cubeset/sdk/filter v0.0.0

replace github.com/cubeset/cubeset/sdk/filter => ../../sdk/filter
