// SPDX-License-Identifier: Apache-2.0

// A vCenter of govmomi's simulator, with two datastores that are folders.
//
// Called with an address to listen at, and a folder with what describes how
// it is spoken to, which the simulator itself does not tell.
package main

import (
	"crypto/tls"
	"log"
	"net/http"
	"net/url"
	"os"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	model := simulator.VPX()
	model.Datastore = 2
	model.Machine = 0
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	service := model.Service
	service.TLS = new(tls.Config)
	service.Listen = &url.URL{
		Host: os.Args[1], User: url.UserPassword("tester", "secretword")}
	service.ServeMux = http.NewServeMux()
	service.ServeMux.Handle("/sdk/", http.StripPrefix(
		"/sdk/", http.FileServer(http.Dir(os.Args[2]))))
	log.Print(service.NewServer().URL.Host)
	select {}
}
