// controller: takes descriptors from the ring, has them checked and carries them out.
//
//   IDLE -> FETCH 16 words -> CHECK -> EXECUTE -> WAIT for a unit -> FINISH -> IDLE
//
// A bad descriptor ends in fail_o and IDLE; waiting_i falls then. A page whose contents are being
// written is EMPTY, or without tables or INL, until the last word is in, so that whatever clear_i
// ends leaves no half page in use.
`default_nettype none
`include "generated/crossloop_regs.vh"

module controller #(
  parameter integer WINDOW_WIDTH = 16  // of a window address
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,             // asynchronous, active low
  input  wire                    clear_i,            // reset or restart: end at once

  // Ring
  input  wire                    waiting_i,
  input  wire [2:0]              entry_i,
  output wire                    done_o,
  output wire                    fail_o,

  // Window, answers in the next cycle
  output wire                    window_en_o,
  output wire [WINDOW_WIDTH-1:0] window_addr_o,
  input  wire [31:0]             window_rdata_i,

  // The descriptor and its check
  output wire [511:0]            words_o,
  output wire [15:0]             nonzero_o,
  output wire                    check_start_o,
  input  wire                    check_done_i,
  input  wire                    check_bad_i,

  // Pages
  output wire                    set_empty_o,
  output wire                    set_programmed_o,
  output wire                    set_ready_o,
  output wire                    drop_tables_o,
  output wire                    set_tables_o,
  output wire                    drop_inl_o,
  output wire                    set_inl_o,

  // Mover, layer unit and write unit, busy from the cycle after their start
  output wire                    move_start_o,
  output wire [1:0]              move_mode_o,        // page_mover's LOAD, STORE, TABLE, INL
  input  wire                    move_busy_i,
  output wire                    layer_start_o,
  input  wire                    layer_busy_i,
  output wire                    write_start_o,
  input  wire                    write_busy_i
);

  localparam [2:0] IDLE    = 3'd0;
  localparam [2:0] FETCH   = 3'd1;
  localparam [2:0] CHECK   = 3'd2;
  localparam [2:0] EXECUTE = 3'd3;
  localparam [2:0] WAIT    = 3'd4;
  localparam [2:0] FINISH  = 3'd5;

  localparam integer DESCRIPTOR_WORDS = `CROSSLOOP_DESCRIPTOR_WORDS;
  localparam [4:0] WORDS = DESCRIPTOR_WORDS[4:0];

  reg [2:0]   state_q;
  reg [2:0]   entry_q;
  reg [4:0]   index_q;      // of the word to read
  reg [511:0] words_q;
  reg [15:0]  nonzero_q;

  wire        received = state_q == FETCH && index_q != 5'd0;  // word index_q - 1
  wire [31:0] opcode   = words_q[31:0];
  wire        load     = opcode == `CROSSLOOP_OPCODE_LOAD_PAGE;
  wire        store    = opcode == `CROSSLOOP_OPCODE_STORE_PAGE;
  wire        tables   = opcode == `CROSSLOOP_OPCODE_LOAD_TABLE;
  wire        programs = opcode == `CROSSLOOP_OPCODE_PROGRAM;
  wire        commit   = opcode == `CROSSLOOP_OPCODE_COMMIT;
  wire        layer    = opcode == `CROSSLOOP_OPCODE_LAYER ||
                         (opcode >= `CROSSLOOP_OPCODE_CONVOLVE &&
                          opcode <= `CROSSLOOP_OPCODE_ADD);
  wire        inl      = opcode == `CROSSLOOP_OPCODE_LOAD_INL;
  wire        writes   = opcode == `CROSSLOOP_OPCODE_WRITE_VERIFY;
  wire        loads    = inl && words_q[32*`CROSSLOOP_WORD_LOAD_INL_ENABLE];
  wire        execute  = state_q == EXECUTE;
  wire        finish   = state_q == FINISH;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q   <= IDLE;
      entry_q   <= 3'd0;
      index_q   <= 5'd0;
      words_q   <= 512'd0;
      nonzero_q <= 16'd0;
    end else if (clear_i) begin
      state_q <= IDLE;
    end else begin
      case (state_q)
        IDLE: if (waiting_i) begin
          state_q <= FETCH;
          entry_q <= entry_i;
          index_q <= 5'd0;
        end
        FETCH: begin
          index_q <= index_q + 5'd1;
          if (index_q == WORDS) state_q <= CHECK;
          if (received) begin
            nonzero_q <= {window_rdata_i != 32'd0, nonzero_q[15:1]};
            words_q   <= {window_rdata_i, words_q[511:32]};
          end
        end
        CHECK: if (check_done_i) state_q <= check_bad_i ? IDLE : EXECUTE;
        EXECUTE: state_q <= WAIT;
        WAIT: if (!move_busy_i && !layer_busy_i && !write_busy_i) state_q <= FINISH;
        default: state_q <= IDLE;
      endcase
    end
  end

  assign done_o           = finish;
  assign fail_o           = state_q == CHECK && check_done_i && check_bad_i;
  assign window_en_o      = state_q == FETCH && index_q != WORDS;
  assign window_addr_o    = {{(WINDOW_WIDTH-7){1'b0}}, entry_q, index_q[3:0]};
  assign words_o          = words_q;
  assign nonzero_o        = nonzero_q;
  assign check_start_o    = state_q == FETCH && index_q == WORDS;
  assign set_empty_o      = execute && (load || programs || writes);
  assign set_programmed_o = finish && (programs || writes);
  assign set_ready_o      = finish && (load || commit);
  assign drop_tables_o    = execute && tables;
  assign set_tables_o     = finish && tables;
  assign drop_inl_o       = execute && inl;
  assign set_inl_o        = finish && loads;
  assign move_start_o     = execute && (load || programs || store || tables || loads);
  assign move_mode_o      = store ? 2'd1 : tables ? 2'd2 : inl ? 2'd3 : 2'd0;
  assign layer_start_o    = execute && layer;
  assign write_start_o    = execute && writes;

endmodule

`default_nettype wire
