# The bootstraps of R's packages on one file, for benchmarks/bootstraps.py, which reads what this prints:
# one line each of name, seconds of the processor, seconds by the wall, standard error of each group.
#   Rscript benchmarks/bootstraps.R FILE TRAIT REPLICATES POPULATION
arguments <- commandArgs(trailingOnly = TRUE)
file <- arguments[1]
trait <- arguments[2]
replicates <- as.integer(arguments[3])
population <- as.numeric(arguments[4])

people <- read.csv(file, colClasses = "character", na.strings = "")
people$network_size <- as.numeric(people$network_size)
people$network_size[is.na(people$network_size)] <- max(people$network_size, na.rm = TRUE)
recruiter <- match(people$recruiter_id, people$id)
groups <- sort(unique(na.omit(people[[trait]])))

timed <- function(name, work) {
  set.seed(1)
  tryCatch({
    before <- proc.time()
    errors <- work()
    took <- proc.time() - before
    cat(name, took[["user.self"]] + took[["sys.self"]], took[["elapsed"]],
        paste(format(errors, digits = 6), collapse = ","), sep = "\t")
    cat("\n")
  }, error = function(problem) {
    cat(name, "failed", gsub("[\t\n]", " ", conditionMessage(problem)), sep = "\t")
    cat("\n")
  })
}
has <- function(package) requireNamespace(package, quietly = TRUE)

if (has("RDS")) {
  suppressPackageStartupMessages(library(RDS))
  survey <- people[c("id", "recruiter_id", "network_size", trait)]
  survey$recruiter_id[is.na(survey$recruiter_id)] <- "seed"
  survey <- as.rds.data.frame(survey, id = "id", recruiter.id = "recruiter_id",
                              network.size = "network_size", population.size = population)
  by_rds <- function(weights, uncertainty) function() {
    capture.output(found <- suppressWarnings(RDS.bootstrap.intervals(
      survey, outcome.variable = trait, weight.type = weights, uncertainty = uncertainty,
      N = population, number.of.bootstrap.samples = replicates)))
    numbers <- if (is.list(found)) found$interval else found@interval
    matrix(numbers, ncol = 6)[, 5]
  }
  timed("salganik RDS", by_rds("RDS-II", "Salganik"))
  timed("tree RDS", by_rds("RDS-II", "Treeboot"))
  timed("gile RDS", by_rds("Gile's SS", "Gile"))
}

traits <- as.data.frame(sapply(groups, function(group) as.numeric(people[[trait]] == group)))
recruits <- which(!is.na(recruiter))
sample <- list(nodes = seq_len(nrow(people)),
               edges = data.frame(node1 = recruiter[recruits], node2 = recruits),
               degree = people$network_size, traits = traits)
if (has("RDStreeboot")) {
  timed("tree RDStreeboot", function() {
    drawn <- RDStreeboot:::.TBS(sample, replicates)
    sapply(traits, function(has_it)
      sd(sapply(drawn, RDStreeboot:::.prop.vh, has_it, sample$degree), na.rm = TRUE))
  })
}
if (has("Neighboot")) {
  timed("neighbourhood Neighboot", function() {
    suppressPackageStartupMessages(library(Neighboot))
    work <- if (exists("neighb")) neighb else Neighboot
    work(RDS.data = sample, quant = c(0.025, 0.975), method = "percentile", B = replicates)[, 1]
  })
}
