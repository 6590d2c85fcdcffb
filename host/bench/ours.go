package main

import "github.com/cubeset/cubeset/host/cache"

type ours struct {
	store  *cache.Store
	recipe cache.Recipe
	found  [][]byte
}

func openOurs(dir string) (store, error) {
	s, err := cache.Open(dir, cache.DefaultOptions())
	return &ours{store: s, recipe: cache.NewRecipe("bench", ""), found: make([][]byte, cacheBatch)}, err
}

func (o *ours) put(keys []cache.Key, values [][]byte) error {
	return o.store.Put(o.recipe, keys, values)
}

func (o *ours) get(keys []cache.Key, see func(int, []byte) error) error {
	found := o.found[:len(keys)]
	if _, err := o.store.Get(keys, found); err != nil {
		return err
	}
	for i, v := range found {
		if v == nil {
			continue
		}
		if err := see(i, v); err != nil {
			return err
		}
	}
	return nil
}

func (o *ours) close() error { return o.store.Close() }
